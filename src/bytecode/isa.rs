//! The instruction set, declared once.
//!
//! An instruction is a word: the operation and three operands of 16 bits each, `a`, `b` and `c`, lowest first. Where an
//! operand needs 32 bits it takes the places of `b` and `c`. Some instructions have a second word, `ext`.
//!
//! Slots are counted from the frame's start. Integers narrower than 64 bits are kept extended to 64 bits; a `float32`
//! is kept as the `float64` of the same value; booleans are 0 or 1.

/// What an operand is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// Not used.
    None,
    /// A slot that is written.
    W,
    /// A slot that is read and written.
    RW,
    /// Two slots that are written.
    W2,
    /// A slot that is read.
    R,
    /// Two slots that are read.
    R2,
    /// The first of several slots that are read; how many, the instruction's type or count says.
    Rn,
    /// The first of several slots that are written.
    Wn,
    /// Where the frame of a call begins.
    Window,
    /// A number with a sign.
    Imm,
    /// A number without a sign: an offset in bytes, a count.
    Uint,
    /// A distance in words from the next instruction.
    Jump,
    /// A number with a sign, of 32 bits.
    Imm32,
    /// A number without a sign, of 32 bits.
    Uint32,
    /// A distance of 32 bits.
    Jump32,
    /// A position in the program's constants, of 32 bits.
    Const32,
    /// A position in the program's strings, of 32 bits.
    Str32,
    /// A position in the program's functions, of 32 bits.
    Func32,
    /// A position in the program's natives, of 32 bits.
    Native32,
    /// A position in the program's types, of 32 bits.
    Type32,
    /// A position in the program's methods.
    Method,
}

/// What the second word of an instruction is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ext {
    /// There is none.
    None,
    /// A type in the lower half; a number in the upper.
    Type,
    /// Two numbers of 32 bits.
    Numbers,
    /// A slot that is read, in the lowest 16 bits.
    Slot,
    /// Two slots that are read, in the lowest 16 bits and the next ones.
    Slots,
    /// An argument of a call: a slot that is read in the lowest 16 bits, where it goes in the callee's frame in the
    /// next ones, and a number with a sign in the upper half.
    Arg,
}

/// The declaration of an instruction.
pub struct OpInfo {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// Its operands.
    pub operands: [Operand; 3],
    /// Its second word.
    pub ext: Ext,
}

/// Calls a macro with all instructions.
#[macro_export]
macro_rules! for_each_op {
    ($macro:ident) => {
        $macro! {
            // ---- moves
            /// `a = b`
            Mov (W, R, None) None;
            /// `a, a+1 = b, b+1`
            Mov2 (W2, R2, None) None;
            /// 3 slots from `b` on to `a` on; they may overlap.
            Mov3 (Wn, Rn, None) None;
            /// 4 slots from `b` on to `a` on; they may overlap.
            Mov4 (Wn, Rn, None) None;
            /// `c` slots from `b` on to `a` on; they may overlap.
            MovN (Wn, Rn, Uint) None;
            /// `a = b`, extended.
            Imm (W, Imm32, None) None;
            /// `a` = a constant.
            Const (W, Const32, None) None;
            /// `a, a+1` = a string of the program.
            Str (W2, Str32, None) None;
            /// `a` = the closure of a function that captures nothing.
            FuncValue (W, Func32, None) None;
            /// `b` slots from `a` on become zero.
            ZeroN (Wn, Uint, None) None;

            // ---- integers
            /// `a = b + c`
            Add (W, R, R) None;
            /// `a = b - c`
            Sub (W, R, R) None;
            /// `a = b * c`
            Mul (W, R, R) None;
            /// `a = b & c`
            And (W, R, R) None;
            /// `a = b | c`
            Or (W, R, R) None;
            /// `a = b ^ c`
            Xor (W, R, R) None;
            /// `a = b &^ c`
            AndNot (W, R, R) None;
            /// `a = b << c`, 0 from 64 on.
            Shl (W, R, R) None;
            /// `a = b >> c` with sign.
            Shr (W, R, R) None;
            /// `a = b >> c` without sign.
            Ushr (W, R, R) None;
            /// `a = b + c`
            AddI (W, R, Imm) None;
            /// `a = b * c`
            MulI (W, R, Imm) None;
            /// `a = b & c`
            AndI (W, R, Imm) None;
            /// `a = b | c`
            OrI (W, R, Imm) None;
            /// `a = b ^ c`
            XorI (W, R, Imm) None;
            /// `a = b / c` with sign; c is not 0.
            DivI (W, R, Imm) None;
            /// `a = b % c` with sign; c is not 0.
            RemI (W, R, Imm) None;
            /// `a = b / 2^c` with sign, c below 64.
            DivP2 (W, R, Imm) None;
            /// `a = b % 2^c` with sign, c below 64.
            RemP2 (W, R, Imm) None;
            /// `a = b << c`, c below 64.
            ShlI (W, R, Imm) None;
            /// `a = b >> c` with sign, c below 64.
            ShrI (W, R, Imm) None;
            /// `a = b >> c` without sign, c below 64.
            UshrI (W, R, Imm) None;
            /// `a = b / c`; panics if c is 0.
            Div (W, R, R) None;
            /// `a = b % c`; panics if c is 0.
            Rem (W, R, R) None;
            /// `a = b / c` without sign; panics if c is 0.
            Udiv (W, R, R) None;
            /// `a = b % c` without sign; panics if c is 0.
            Urem (W, R, R) None;
            /// `a = -b`
            Neg (W, R, None) None;
            /// `a = ^b`
            Not (W, R, None) None;
            /// `a` = the lowest 8 bits of `b`, with sign.
            Ext8s (W, R, None) None;
            /// `a` = the lowest 16 bits of `b`, with sign.
            Ext16s (W, R, None) None;
            /// `a` = the lowest 32 bits of `b`, with sign.
            Ext32s (W, R, None) None;
            /// `a` = the lowest 8 bits of `b`.
            Ext8u (W, R, None) None;
            /// `a` = the lowest 16 bits of `b`.
            Ext16u (W, R, None) None;
            /// `a` = the lowest 32 bits of `b`.
            Ext32u (W, R, None) None;
            /// Panics if `a` is negative: a shift count.
            CheckShift (R, None, None) None;
            /// `a = !b`
            NotB (W, R, None) None;
            /// `a = b == c`
            Eq (W, R, R) None;
            /// `a = b != c`
            Ne (W, R, R) None;
            /// `a = b < c`
            Lt (W, R, R) None;
            /// `a = b <= c`
            Le (W, R, R) None;
            /// `a = b < c` without sign.
            Ult (W, R, R) None;
            /// `a = b <= c` without sign.
            Ule (W, R, R) None;

            // ---- floats
            /// `a = b + c`
            Fadd (W, R, R) None;
            /// `a = b - c`
            Fsub (W, R, R) None;
            /// `a = b * c`
            Fmul (W, R, R) None;
            /// `a = b / c`
            Fdiv (W, R, R) None;
            /// `a = -b`
            Fneg (W, R, None) None;
            /// `a = b`, rounded to `float32`.
            Fround (W, R, None) None;
            /// `a = b == c`
            Feq (W, R, R) None;
            /// `a = b != c`
            Fne (W, R, R) None;
            /// `a = b < c`
            Flt (W, R, R) None;
            /// `a = b <= c`
            Fle (W, R, R) None;
            /// `a = min(b, c)`
            Fmin (W, R, R) None;
            /// `a = max(b, c)`
            Fmax (W, R, R) None;
            /// `a = float64(b)`
            I2f (W, R, None) None;
            /// `a = float64(b)`, b without sign.
            U2f (W, R, None) None;
            /// `a = float32(b)`
            I2s (W, R, None) None;
            /// `a = float32(b)`, b without sign.
            U2s (W, R, None) None;
            /// `a = int64(b)`
            F2i (W, R, None) None;
            /// `a = uint64(b)`
            F2u (W, R, None) None;

            // ---- jumps
            /// Goes on elsewhere.
            Jmp (None, Jump32, None) None;
            /// Goes on at a loop's head; a safepoint.
            Loop (None, Jump32, None) None;
            /// Goes on with one of the `c` jumps that follow: the one at `a - b`, or behind them.
            Table (R, Imm, Uint) None;
            /// Jumps if `a`.
            JmpT (R, Jump32, None) None;
            /// Jumps if not `a`.
            JmpF (R, Jump32, None) None;
            /// Jumps if `a == b`.
            JEq (R, R, Jump) None;
            /// Jumps if `a != b`.
            JNe (R, R, Jump) None;
            /// Jumps if `a < b`.
            JLt (R, R, Jump) None;
            /// Jumps if `a <= b`.
            JLe (R, R, Jump) None;
            /// Jumps if `a < b` without sign.
            JUlt (R, R, Jump) None;
            /// Jumps if `a <= b` without sign.
            JUle (R, R, Jump) None;
            /// Jumps if `a == b`.
            JEqI (R, Imm, Jump) None;
            /// Jumps if `a != b`.
            JNeI (R, Imm, Jump) None;
            /// Jumps if `a < b`.
            JLtI (R, Imm, Jump) None;
            /// Jumps if `a <= b`.
            JLeI (R, Imm, Jump) None;
            /// Jumps if `a > b`.
            JGtI (R, Imm, Jump) None;
            /// Jumps if `a >= b`.
            JGeI (R, Imm, Jump) None;
            /// Jumps if `a == b`, floats.
            JFeq (R, R, Jump) None;
            /// Jumps unless `a == b`, floats.
            JFne (R, R, Jump) None;
            /// Jumps if `a < b`, floats.
            JFlt (R, R, Jump) None;
            /// Jumps if `a <= b`, floats.
            JFle (R, R, Jump) None;
            /// Jumps unless `a < b`, floats.
            JFnlt (R, R, Jump) None;
            /// Jumps unless `a <= b`, floats.
            JFnle (R, R, Jump) None;

            // ---- memory; a null pointer panics
            /// `a = *(int8*)(b + c)`
            Ld8s (W, R, Uint) None;
            /// `a = *(uint8*)(b + c)`
            Ld8u (W, R, Uint) None;
            /// `a = *(int16*)(b + c)`
            Ld16s (W, R, Uint) None;
            /// `a = *(uint16*)(b + c)`
            Ld16u (W, R, Uint) None;
            /// `a = *(int32*)(b + c)`
            Ld32s (W, R, Uint) None;
            /// `a = *(uint32*)(b + c)`
            Ld32u (W, R, Uint) None;
            /// `a = *(uint64*)(b + c)`
            Ld64 (W, R, Uint) None;
            /// `a = *(float32*)(b + c)`
            LdF32 (W, R, Uint) None;
            /// `a, a+1` = the pair at `b + c`.
            Ld2 (W2, R, Uint) None;
            /// The value of a type at `b + c` to the slots from `a` on.
            LdT (Wn, R, Uint) Type;
            /// So many words at `b + c` as the first number says, no pointers, to the slots from `a` on.
            LdN (Wn, R, Uint) Numbers;
            /// `*(uint8*)(a + c) = b`
            St8 (R, R, Uint) None;
            /// `*(uint16*)(a + c) = b`
            St16 (R, R, Uint) None;
            /// `*(uint32*)(a + c) = b`
            St32 (R, R, Uint) None;
            /// `*(uint64*)(a + c) = b`
            St64 (R, R, Uint) None;
            /// `*(float32*)(a + c) = b`
            StF32 (R, R, Uint) None;
            /// `*(pointer*)(a + c) = b`, with the barrier.
            StP (R, R, Uint) None;
            /// The pair `b`, whose first word is a pointer, to `a + c`.
            St2 (R, R2, Uint) None;
            /// The interface `b` to `a + c`.
            StI (R, R2, Uint) None;
            /// The value of a type in the slots from `b` on to `a + c`.
            StT (R, Rn, Uint) Type;
            /// As many slots from `b` on as the first number says, no pointers, to `a + c`.
            StN (R, Rn, Uint) Numbers;
            /// The value of a type at `b` to `a`; they may overlap.
            CopyT (R, R, None) Type;
            /// The value of a type at `a` becomes zero.
            ZeroT (R, None, None) Type;
            /// Panics if `a` is null.
            Check (R, None, None) None;
            /// `a = b + c`; panics if b is null.
            Lea (W, R, Uint) None;
            /// `a` = the address of a global, at a distance in bytes.
            Global (W, Uint32, None) None;
            /// `a` = the address of slot `b`.
            FrameAddr (W, Uint, None) None;

            // ---- strings, slices, arrays
            /// `a = b[c]` of a string.
            StrAt (W, R2, R) None;
            /// `a = len(b)` of a slice.
            Len (W, R2, None) None;
            /// `a = cap(b)` of a slice.
            Cap (W, R2, None) None;
            /// `a` = the address of `b[c]`; the elements' size is the first number.
            ElemAddr (W, R2, R) Numbers;
            /// `a` = the address of element `c` of the array at `b`; size and number of elements follow.
            ArrayAddr (W, R, R) Numbers;
            /// `a = b[c]`, elements of 8 bits without sign.
            At8u (W, R2, R) None;
            /// `a = b[c]`, elements of 32 bits with sign.
            At32s (W, R2, R) None;
            /// `a = b[c]`, elements of 32 bits without sign.
            At32u (W, R2, R) None;
            /// `a = b[c]`, elements of 64 bits.
            At64 (W, R2, R) None;
            /// `a, a+1 = b[c]`, elements that are pairs.
            At2 (W2, R2, R) None;
            /// `a[b] = c`, elements of 8 bits.
            Set8 (R2, R, R) None;
            /// `a[b] = c`, elements of 32 bits.
            Set32 (R2, R, R) None;
            /// `a[b] = c`, elements of 64 bits without pointers.
            Set64 (R2, R, R) None;
            /// `a[b] = c`, elements that are pointers.
            SetP (R2, R, R) None;
            /// `a = b[lo:hi:max]` of a slice; the bounds are in the slots from `c` on, and the upper number says which
            /// are there: 1 lo, 2 hi, 4 max. The type is that of the elements.
            Slice (W2, R2, Rn) Type;
            /// The same of the array at `b`, whose type is given.
            SliceArray (W2, R, Rn) Type;
            /// The same of a string.
            SliceStr (W2, R2, Rn) Type;
            /// `a` = a pointer to the array that begins the slice `b`; panics if the slice is shorter.
            SliceToArray (W, R2, None) Type;
            /// `a = make([]T, b, c)`
            MakeSlice (W2, R, R) Type;
            /// `a, a+1` = the slice `b` extended by `c` elements, whose type is given; `a+2` = the address of the first
            /// of them.
            Grow (Wn, R2, R) Type;
            /// The elements of slice `a` become zero.
            ClearSlice (R2, None, None) Type;
            /// `a = append(b, c...)`
            Append (W2, R2, R2) Type;
            /// `a = append(b, c...)`, c a string.
            AppendStr (W2, R2, R2) None;
            /// `a = copy(b, c)`
            Copy (W, R2, R2) Type;
            /// `a = copy(b, c)`, c a string.
            CopyStr (W, R2, R2) None;
            /// `a` = the `c` strings from `b` on, one after another.
            Concat (W2, Rn, Uint) None;
            /// `a` = -1, 0 or 1 as string `b` is less than, equal to or greater than `c`.
            StrCmp (W, R2, R2) None;
            /// `a = b == c` of strings.
            StrEq (W, R2, R2) None;
            /// `a = string(b)` of bytes.
            StrOfBytes (W2, R2, None) None;
            /// `a = []byte(b)`
            BytesOfStr (W2, R2, None) None;
            /// `a = string(b)` of runes.
            StrOfRunes (W2, R2, None) None;
            /// `a = []rune(b)`
            RunesOfStr (W2, R2, None) None;
            /// `a = string(b)` of a rune.
            StrOfRune (W2, R, None) None;
            /// The rune of string `b` at `c`: `a` = the rune, `a+1` = the place after it.
            RuneAt (W2, R2, R) None;

            // ---- objects
            /// `a = new(T)`
            New (W, Type32, None) None;
            /// `a` = a new closure of a function, its captures zero.
            Closure (W, Func32, None) None;
            /// `a` = the value of a type in the slots from `b` on, as an interface.
            Box (W2, Rn, None) Type;
            /// The value in the interface `b`, which has the type, to the slots from `a` on.
            Unbox (Wn, R2, None) Type;
            /// `a` = whether the interface `b` holds a value of the type.
            IsType (W, R2, None) Type;
            /// `a` = whether the interface `b` holds a value that implements the interface type.
            Implements (W, R2, None) Type;
            /// Panics: the interface `a` does not hold the type; the number is the interface's static type.
            BadAssert (R2, None, None) Type;
            /// `a = b == c` of interfaces; may panic.
            IfaceEq (W, R2, R2) None;
            /// `a` = whether the values of a type at `b` and `c` are equal; may panic.
            EqT (W, R, R) Type;

            // ---- maps
            /// `a = make(map, b)`
            MakeMap (W, R, None) Type;
            /// `a` = the address of the element of map `b` for the key in the slots from `c` on, or null.
            MapFind (W, R, Rn) Type;
            /// `a` = the address of that element, which is made if there is none.
            MapPlace (W, R, Rn) Type;
            /// Deletes the key in the slots from `b` on from map `a`.
            MapDelete (R, Rn, None) Type;
            /// `a = len(b)` of a map.
            MapLen (W, R, None) None;
            /// Empties map `a`.
            MapClear (R, None, None) Type;
            /// `a` = an iterator over map `b`.
            MapIter (W, R, None) Type;
            /// `b` = the address of the next key of iterator `a`, or null; `c` = that of its element.
            MapNext (R, W, W) Type;

            // ---- calls
            /// Calls a function.
            Call (Window, Func32, None) None;
            /// Calls the closure `b`.
            CallClosure (Window, R, None) None;
            /// Calls method `c` of the interface `b`, whose payload becomes the first argument.
            CallMethod (Window, R2, Method) None;
            /// Calls a function that is written in Rust.
            CallNative (Window, Native32, None) None;
            /// Panics with an error of the machine, whose text is a string of the program.
            Refuse (None, Str32, None) None;
            /// Returns; the results are in the slots from the header on.
            Ret (None, None, None) None;
            /// Starts a goroutine with the closure `a`.
            Go (R, None, None) None;
            /// Defers the closure `a`.
            Defer (R, None, None) None;
            /// Defers the closure `a` in the frame at the address `b`.
            DeferTo (R, R, None) None;
            /// Panics as the state `a` of a loop over a function says, in which its body was called: 0 it was left,
            /// 2 the body has panicked, 3 the iterator has returned; 4 the iterator has swallowed a panic of the body.
            BadRange (R, None, None) None;
            /// Nothing: what follows is not the place that the call before returns to.
            Nop (None, None, None) None;
            /// Runs the deferred calls that are left: each returns to this instruction.
            RunDefers (Window, None, None) None;
            /// `a = recover()`
            Recover (W2, None, None) None;
            /// Panics with the interface `a`.
            Panic (R2, None, None) None;
            /// Panics: there is no way here.
            Unreachable (None, None, None) None;

            // ---- channels
            /// `a = make(chan T, b)`; the type is that of the channel.
            MakeChan (W, R, None) Type;
            /// Sends the value in the slots from `b` on.
            Send (R, Rn, None) Type;
            /// Receives from `b` to the slots from `a` on; `c` = whether there was a value.
            Recv (Wn, R, W) Type;
            /// Closes channel `a`.
            Close (R, None, None) None;
            /// `a = len(b)` of a channel.
            ChanLen (W, R, None) None;
            /// `a = cap(b)` of a channel.
            ChanCap (W, R, None) None;
            /// Selects among `c` cases of 4 slots each from `b` on (channel; 0 receives, 1 sends; address of the value;
            /// 1 if it has got one); `a` = the case, or -1 for the default, if the number is 1.
            Select (W, Rn, Uint) Numbers;

            // ---- print
            /// Prints `a` to standard error, as the number says: 0 bool, 1 int, 2 uint, 3 float, 4 string, 5 pointer,
            /// 6 slice, 7 interface, 8 a space, 9 a line break, 10 float32.
            Print (Rn, None, None) Numbers;

            // ---- fused
            /// Goes on at a loop's head if `a < b`; a safepoint.
            LoopLt (R, R, Jump) None;
            /// Goes on at a loop's head if `a <= b`; a safepoint.
            LoopLe (R, R, Jump) None;
            /// Goes on at a loop's head if `a < b`; a safepoint.
            LoopLtI (R, Imm, Jump) None;
            /// Goes on at a loop's head if `a <= b`; a safepoint.
            LoopLeI (R, Imm, Jump) None;
            /// Goes on at a loop's head if `a > b`; a safepoint.
            LoopGtI (R, Imm, Jump) None;
            /// Goes on at a loop's head if `a >= b`; a safepoint.
            LoopGeI (R, Imm, Jump) None;
            /// Goes on at a loop's head if `a != b`; a safepoint.
            LoopNeI (R, Imm, Jump) None;
            /// `a += 1`; goes on at a loop's head if `a < b`; a safepoint.
            IncLt (RW, R, Jump) None;
            /// `a += 1`; goes on at a loop's head if `a < b`; a safepoint.
            IncLtI (RW, Imm, Jump) None;
            /// `a += 1`; goes on at a loop's head if `a <= b`; a safepoint.
            IncLe (RW, R, Jump) None;
            /// `a += 1`; goes on at a loop's head if `a <= b`; a safepoint.
            IncLeI (RW, Imm, Jump) None;
            /// `a -= 1`; goes on at a loop's head if `a > b`; a safepoint.
            DecGtI (RW, Imm, Jump) None;
            /// `a -= 1`; goes on at a loop's head if `a >= b`; a safepoint.
            DecGeI (RW, Imm, Jump) None;
            /// `a = b + c`, the lowest 32 bits with sign.
            Add32s (W, R, R) None;
            /// `a = b - c`, the lowest 32 bits with sign.
            Sub32s (W, R, R) None;
            /// `a = b * c`, the lowest 32 bits with sign.
            Mul32s (W, R, R) None;
            /// `a = b + c`, the lowest 32 bits with sign.
            AddI32s (W, R, Imm) None;
            /// `a = b * c`, the lowest 32 bits with sign.
            MulI32s (W, R, Imm) None;
            /// `a = b << c`, c below 64, the lowest 32 bits with sign.
            ShlI32s (W, R, Imm) None;
            /// `a = b + c`, the lowest 32 bits.
            Add32u (W, R, R) None;
            /// `a = b - c`, the lowest 32 bits.
            Sub32u (W, R, R) None;
            /// `a = b * c`, the lowest 32 bits.
            Mul32u (W, R, R) None;
            /// `a = b << c`, 0 from 64 on, the lowest 32 bits.
            Shl32u (W, R, R) None;
            /// `a = b + c`, the lowest 32 bits.
            AddI32u (W, R, Imm) None;
            /// `a = b * c`, the lowest 32 bits.
            MulI32u (W, R, Imm) None;
            /// `a = b << c`, c below 64, the lowest 32 bits.
            ShlI32u (W, R, Imm) None;
            /// `a` = element `c` of the array at `b`, 8 bits without sign; the first number is that of elements.
            ArrAt8u (W, R, R) Numbers;
            /// `a` = element `c` of the array at `b`, 32 bits with sign; the first number is that of elements.
            ArrAt32s (W, R, R) Numbers;
            /// `a` = element `c` of the array at `b`, 32 bits without sign; the first number is that of elements.
            ArrAt32u (W, R, R) Numbers;
            /// `a` = element `c` of the array at `b`, 64 bits; the first number is that of elements.
            ArrAt64 (W, R, R) Numbers;
            /// `a` = the 64 bits in `b[c]` at the second number; the elements' size is the first.
            AtField64 (W, R2, R) Numbers;
            /// Returns if `a == b`.
            RetEqI (R, Imm, None) None;
            /// Returns if `a != b`.
            RetNeI (R, Imm, None) None;
            /// Returns if `a < b`.
            RetLtI (R, Imm, None) None;
            /// Returns if `a <= b`.
            RetLeI (R, Imm, None) None;
            /// Returns if `a > b`.
            RetGtI (R, Imm, None) None;
            /// Returns if `a >= b`.
            RetGeI (R, Imm, None) None;
            /// As `Call`, with one argument more, which is the slot plus the number.
            CallArg (Window, Func32, None) Arg;
            /// `a += 1`; goes on at a loop's head if `a < len(b)` of a slice; a safepoint.
            IncLtLen (RW, R2, Jump) None;
            /// `a += d`; goes on at a loop's head if `a < b`; a safepoint. d follows.
            AddLt (RW, R, Jump) Slot;
            /// `a = b + *(int64*)(c + n)`; n is the first number.
            AddL (W, R, R) Numbers;
            /// `a = b + *(float64*)(c + n)`; n is the first number.
            FaddL (W, R, R) Numbers;
            /// `a = b - *(float64*)(c + n)`; n is the first number.
            FsubL (W, R, R) Numbers;
            /// `a = b * *(float64*)(c + n)`; n is the first number.
            FmulL (W, R, R) Numbers;
            /// `a = *(float64*)(b + n) + *(float64*)(c + m)`; n and m are the numbers.
            FaddLL (W, R, R) Numbers;
            /// `a = *(float64*)(b + n) - *(float64*)(c + m)`; n and m are the numbers.
            FsubLL (W, R, R) Numbers;
            /// `a = *(float64*)(b + n) * *(float64*)(c + m)`; n and m are the numbers.
            FmulLL (W, R, R) Numbers;
            /// `a = d + b * c`, floats, rounded twice; d follows.
            FmulAdd (W, R, R) Slot;
            /// `a = d - b * c`, floats, rounded twice; d follows.
            FmulSub (W, R, R) Slot;
            /// `*(float64*)(a + n) += b * c`, rounded twice; n is the first number.
            FmulAddTo (R, R, R) Numbers;
            /// `*(float64*)(a + n) -= b * c`, rounded twice; n is the first number.
            FmulSubTo (R, R, R) Numbers;
            /// `a += b * c`, floats, rounded twice.
            Fmac (RW, R, R) None;
            /// `a -= b * c`, floats, rounded twice.
            Fmsc (RW, R, R) None;
            /// `a += d * b[c]`, elements of 64 bits, floats, rounded twice; d follows.
            FmacAt (RW, R2, R) Slot;
            /// `a += d * b[c][e]`, elements of 64 bits, floats, rounded twice; e and d follow.
            FmacAtAt (RW, R2, R) Slots;
            /// `a += b[d] * c[d][e]`, elements of 64 bits, floats, rounded twice; d and e follow.
            FmacRow (RW, R2, R2) Slots;
            /// `*(float64*)(a + c) += b`
            FaddTo (R, R, Uint) None;
            /// `*(float64*)(a + c) -= b`
            FsubTo (R, R, Uint) None;
            /// `*(int64*)(a + c) += b`
            AddTo (R, R, Uint) None;
            /// `*(int64*)(a + c) += b`
            AddToI (R, Imm, Uint) None;
            /// `a = b[c][d]`, elements of 64 bits; d follows.
            AtAt64 (W, R2, R) Slot;
            /// `a = b[c][d]`, elements of 8 bits without sign; d follows.
            AtAt8u (W, R2, R) Slot;
            /// `a = sqrt(b)`
            Fsqrt (W, R, None) None;
            /// `a = abs(b)`
            Fabs (W, R, None) None;
            /// `a = floor(b)`
            Ffloor (W, R, None) None;
            /// `a = ceil(b)`
            Fceil (W, R, None) None;
            /// `a = trunc(b)`
            Ftrunc (W, R, None) None;

            // ---- forwarded: the operand that the last letter names was written by the instruction before: it is taken
            // from the accumulator
            /// As `Add`.
            AddB (W, R, R) None;
            /// As `Add`.
            AddC (W, R, R) None;
            /// As `Sub`.
            SubB (W, R, R) None;
            /// As `Sub`.
            SubC (W, R, R) None;
            /// As `Mul`.
            MulB (W, R, R) None;
            /// As `Mul`.
            MulC (W, R, R) None;
            /// As `And`.
            AndB (W, R, R) None;
            /// As `And`.
            AndC (W, R, R) None;
            /// As `Or`.
            OrB (W, R, R) None;
            /// As `Or`.
            OrC (W, R, R) None;
            /// As `Xor`.
            XorB (W, R, R) None;
            /// As `Xor`.
            XorC (W, R, R) None;
            /// As `AndNot`.
            AndNotB (W, R, R) None;
            /// As `AndNot`.
            AndNotC (W, R, R) None;
            /// As `Shl`.
            ShlB (W, R, R) None;
            /// As `Shl`.
            ShlC (W, R, R) None;
            /// As `Shr`.
            ShrB (W, R, R) None;
            /// As `Shr`.
            ShrC (W, R, R) None;
            /// As `Ushr`.
            UshrB (W, R, R) None;
            /// As `Ushr`.
            UshrC (W, R, R) None;
            /// As `Fadd`.
            FaddB (W, R, R) None;
            /// As `Fadd`.
            FaddC (W, R, R) None;
            /// As `Fsub`.
            FsubB (W, R, R) None;
            /// As `Fsub`.
            FsubC (W, R, R) None;
            /// As `Fmul`.
            FmulB (W, R, R) None;
            /// As `Fmul`.
            FmulC (W, R, R) None;
            /// As `Fdiv`.
            FdivB (W, R, R) None;
            /// As `Fdiv`.
            FdivC (W, R, R) None;
            /// As `AddI`.
            AddIB (W, R, Imm) None;
            /// As `MulI`.
            MulIB (W, R, Imm) None;
            /// As `AndI`.
            AndIB (W, R, Imm) None;
            /// As `ShlI`.
            ShlIB (W, R, Imm) None;
            /// As `ShrI`.
            ShrIB (W, R, Imm) None;
            /// As `UshrI`.
            UshrIB (W, R, Imm) None;
            /// As `JEq`.
            JEqA (R, R, Jump) None;
            /// As `JEq`.
            JEqB (R, R, Jump) None;
            /// As `JNe`.
            JNeA (R, R, Jump) None;
            /// As `JNe`.
            JNeB (R, R, Jump) None;
            /// As `JLt`.
            JLtA (R, R, Jump) None;
            /// As `JLt`.
            JLtB (R, R, Jump) None;
            /// As `JLe`.
            JLeA (R, R, Jump) None;
            /// As `JLe`.
            JLeB (R, R, Jump) None;
            /// As `JUlt`.
            JUltA (R, R, Jump) None;
            /// As `JUlt`.
            JUltB (R, R, Jump) None;
            /// As `JUle`.
            JUleA (R, R, Jump) None;
            /// As `JUle`.
            JUleB (R, R, Jump) None;
            /// As `JFeq`.
            JFeqA (R, R, Jump) None;
            /// As `JFeq`.
            JFeqB (R, R, Jump) None;
            /// As `JFne`.
            JFneA (R, R, Jump) None;
            /// As `JFne`.
            JFneB (R, R, Jump) None;
            /// As `JFlt`.
            JFltA (R, R, Jump) None;
            /// As `JFlt`.
            JFltB (R, R, Jump) None;
            /// As `JFle`.
            JFleA (R, R, Jump) None;
            /// As `JFle`.
            JFleB (R, R, Jump) None;
            /// As `JFnlt`.
            JFnltA (R, R, Jump) None;
            /// As `JFnlt`.
            JFnltB (R, R, Jump) None;
            /// As `JFnle`.
            JFnleA (R, R, Jump) None;
            /// As `JFnle`.
            JFnleB (R, R, Jump) None;
            /// As `JEqI`.
            JEqIA (R, Imm, Jump) None;
            /// As `JNeI`.
            JNeIA (R, Imm, Jump) None;
            /// As `JLtI`.
            JLtIA (R, Imm, Jump) None;
            /// As `JLeI`.
            JLeIA (R, Imm, Jump) None;
            /// As `JGtI`.
            JGtIA (R, Imm, Jump) None;
            /// As `JGeI`.
            JGeIA (R, Imm, Jump) None;
            /// As `JmpT`.
            JmpTA (R, Jump32, None) None;
            /// As `JmpF`.
            JmpFA (R, Jump32, None) None;
            /// As `Mov`.
            MovB (W, R, None) None;
            /// As `Ld64`.
            Ld64B (W, R, Uint) None;
            /// As `At8u`.
            At8uC (W, R2, R) None;
            /// As `At32s`.
            At32sC (W, R2, R) None;
            /// As `At64`.
            At64C (W, R2, R) None;
            /// As `Fmac`.
            FmacB (RW, R, R) None;
            /// As `Fmac`.
            FmacC (RW, R, R) None;
            /// As `Fmsc`.
            FmscB (RW, R, R) None;
            /// As `Fmsc`.
            FmscC (RW, R, R) None;
            /// As `FaddTo`.
            FaddToB (R, R, Uint) None;
            /// As `FsubTo`.
            FsubToB (R, R, Uint) None;
            /// As `St64`.
            St64B (R, R, Uint) None;

            // ---- stubs, which only the runtime's own code has
            /// Returns over the edge of a stack's segment.
            Edge (None, None, None) None;
            /// Goes on with a panic after a deferred call.
            Unwound (None, None, None) None;
            /// Ends the goroutine.
            Finish (None, None, None) None;
            /// Goes on with the report of a panic that ends the program.
            Printed (None, None, None) None;
        }
    };
}

macro_rules! define {
    ($($(#[doc = $doc:literal])* $name:ident ($a:ident, $b:ident, $c:ident) $ext:ident;)*) => {
        /// An operation.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub enum Op {
            $($(#[doc = $doc])* $name,)*
        }

        /// The declarations, in the order of [`Op`].
        pub const OPS: &[OpInfo] = &[
            $(OpInfo {
                name: stringify!($name),
                doc: concat!($($doc),*),
                operands: [Operand::$a, Operand::$b, Operand::$c],
                ext: Ext::$ext,
            },)*
        ];

        const ALL: &[Op] = &[$(Op::$name,)*];
    };
}
for_each_op!(define);

impl Op {
    /// How many there are.
    pub const COUNT: usize = ALL.len();

    /// The operation with a number.
    pub fn from_number(number: u16) -> Option<Self> {
        ALL.get(usize::from(number)).copied()
    }

    /// Its declaration.
    pub fn info(self) -> &'static OpInfo {
        &OPS[self as usize]
    }

    /// Words of an instruction.
    pub fn words(self) -> usize {
        if self.info().ext == Ext::None { 1 } else { 2 }
    }
}

impl Op {
    /// Whether it goes on at a loop's head, which is a safepoint.
    pub fn is_loop(self) -> bool {
        matches!(
            self,
            Self::Loop
                | Self::LoopLt
                | Self::LoopLe
                | Self::LoopLtI
                | Self::LoopLeI
                | Self::LoopGtI
                | Self::LoopGeI
                | Self::LoopNeI
                | Self::IncLt
                | Self::IncLtI
                | Self::IncLtLen
                | Self::IncLe
                | Self::IncLeI
                | Self::DecGtI
                | Self::DecGeI
                | Self::AddLt
        )
    }

    /// Whether it returns to the caller, perhaps only if something holds.
    pub fn returns(self) -> bool {
        matches!(
            self,
            Self::Ret | Self::RetEqI | Self::RetNeI | Self::RetLtI | Self::RetLeI | Self::RetGtI | Self::RetGeI
        )
    }

    /// Whether execution can go on behind it.
    pub fn falls_through(self) -> bool {
        !matches!(
            self,
            Self::Jmp | Self::Loop | Self::Ret | Self::Panic | Self::Unreachable | Self::BadAssert | Self::Refuse
        )
    }
}

/// A decoded instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instr {
    /// What it does.
    pub op: Op,
    /// The first operand.
    pub a: u16,
    /// The second operand, or the lower half of a long one.
    pub b: u16,
    /// The third operand, or the upper half of a long one.
    pub c: u16,
    /// The second word.
    pub ext: u64,
}

impl Instr {
    /// An instruction with three short operands.
    pub fn new(op: Op, a: u16, b: u16, c: u16) -> Self {
        Self { op, a, b, c, ext: 0 }
    }

    /// An instruction with a short and a long operand.
    pub fn long(op: Op, a: u16, long: u32) -> Self {
        Self { op, a, b: long as u16, c: (long >> 16) as u16, ext: 0 }
    }

    /// The same with a second word of two numbers.
    #[must_use]
    pub fn with(self, low: u32, high: u32) -> Self {
        Self { ext: u64::from(high) << 32 | u64::from(low), ..self }
    }

    /// The long operand.
    pub fn long_operand(self) -> u32 {
        u32::from(self.c) << 16 | u32::from(self.b)
    }

    /// Where it jumps to, if it is a jump at this position.
    pub fn target(self, at: u32) -> Option<u32> {
        let next = i64::from(at) + self.op.words() as i64;
        let operands = self.op.info().operands;
        let distance = if operands[1] == Operand::Jump32 {
            i64::from(self.long_operand() as i32)
        } else if operands[2] == Operand::Jump {
            i64::from(self.c as i16)
        } else {
            return None;
        };
        Some((next + distance) as u32)
    }

    /// The first word.
    pub fn word(self) -> u64 {
        self.op as u64 | u64::from(self.a) << 16 | u64::from(self.b) << 32 | u64::from(self.c) << 48
    }

    /// The instruction at a position; `None` if there is none.
    pub fn decode(code: &[u64], at: usize) -> Option<Self> {
        let word = *code.get(at)?;
        let op = Op::from_number(word as u16)?;
        let ext = if op.words() == 2 { *code.get(at + 1)? } else { 0 };
        Some(Self { op, a: (word >> 16) as u16, b: (word >> 32) as u16, c: (word >> 48) as u16, ext })
    }
}
