//! Results in the accumulators: which instructions leave theirs there, and which have variants that take an operand
//! from there instead of from its slot.
//!
//! A variant has its operands in the same slots: whoever does not care for accumulators can read it as what it is a
//! variant of. The instruction before it must have written the slot, with no other way to it (`verify`).

use super::isa::Op;

/// What an instruction leaves in the accumulators, beside the slot that it writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Left {
    /// Nothing that means something.
    Nothing,
    /// The result, as an integer.
    Int,
    /// The result, as a float.
    Float,
    /// The result, as both.
    Both,
}

/// Instructions that have a variant with an operand from an accumulator: the operand's number, the variant, and whether
/// it is the one for floats.
const FORWARDED: &[(Op, usize, Op, bool)] = &[
    (Op::Add, 1, Op::AddB, false),
    (Op::Add, 2, Op::AddC, false),
    (Op::Sub, 1, Op::SubB, false),
    (Op::Sub, 2, Op::SubC, false),
    (Op::Mul, 1, Op::MulB, false),
    (Op::Mul, 2, Op::MulC, false),
    (Op::And, 1, Op::AndB, false),
    (Op::And, 2, Op::AndC, false),
    (Op::Or, 1, Op::OrB, false),
    (Op::Or, 2, Op::OrC, false),
    (Op::Xor, 1, Op::XorB, false),
    (Op::Xor, 2, Op::XorC, false),
    (Op::AndNot, 1, Op::AndNotB, false),
    (Op::AndNot, 2, Op::AndNotC, false),
    (Op::Shl, 1, Op::ShlB, false),
    (Op::Shl, 2, Op::ShlC, false),
    (Op::Shr, 1, Op::ShrB, false),
    (Op::Shr, 2, Op::ShrC, false),
    (Op::Ushr, 1, Op::UshrB, false),
    (Op::Ushr, 2, Op::UshrC, false),
    (Op::Fadd, 1, Op::FaddB, true),
    (Op::Fadd, 2, Op::FaddC, true),
    (Op::Fsub, 1, Op::FsubB, true),
    (Op::Fsub, 2, Op::FsubC, true),
    (Op::Fmul, 1, Op::FmulB, true),
    (Op::Fmul, 2, Op::FmulC, true),
    (Op::Fdiv, 1, Op::FdivB, true),
    (Op::Fdiv, 2, Op::FdivC, true),
    (Op::AddI, 1, Op::AddIB, false),
    (Op::MulI, 1, Op::MulIB, false),
    (Op::AndI, 1, Op::AndIB, false),
    (Op::ShlI, 1, Op::ShlIB, false),
    (Op::ShrI, 1, Op::ShrIB, false),
    (Op::UshrI, 1, Op::UshrIB, false),
    (Op::JEq, 0, Op::JEqA, false),
    (Op::JEq, 1, Op::JEqB, false),
    (Op::JNe, 0, Op::JNeA, false),
    (Op::JNe, 1, Op::JNeB, false),
    (Op::JLt, 0, Op::JLtA, false),
    (Op::JLt, 1, Op::JLtB, false),
    (Op::JLe, 0, Op::JLeA, false),
    (Op::JLe, 1, Op::JLeB, false),
    (Op::JUlt, 0, Op::JUltA, false),
    (Op::JUlt, 1, Op::JUltB, false),
    (Op::JUle, 0, Op::JUleA, false),
    (Op::JUle, 1, Op::JUleB, false),
    (Op::JFeq, 0, Op::JFeqA, true),
    (Op::JFeq, 1, Op::JFeqB, true),
    (Op::JFne, 0, Op::JFneA, true),
    (Op::JFne, 1, Op::JFneB, true),
    (Op::JFlt, 0, Op::JFltA, true),
    (Op::JFlt, 1, Op::JFltB, true),
    (Op::JFle, 0, Op::JFleA, true),
    (Op::JFle, 1, Op::JFleB, true),
    (Op::JFnlt, 0, Op::JFnltA, true),
    (Op::JFnlt, 1, Op::JFnltB, true),
    (Op::JFnle, 0, Op::JFnleA, true),
    (Op::JFnle, 1, Op::JFnleB, true),
    (Op::JEqI, 0, Op::JEqIA, false),
    (Op::JNeI, 0, Op::JNeIA, false),
    (Op::JLtI, 0, Op::JLtIA, false),
    (Op::JLeI, 0, Op::JLeIA, false),
    (Op::JGtI, 0, Op::JGtIA, false),
    (Op::JGeI, 0, Op::JGeIA, false),
    (Op::JmpT, 0, Op::JmpTA, false),
    (Op::JmpF, 0, Op::JmpFA, false),
    (Op::Mov, 1, Op::MovB, false),
    (Op::Ld64, 1, Op::Ld64B, false),
    (Op::At8u, 2, Op::At8uC, false),
    (Op::At32s, 2, Op::At32sC, false),
    (Op::At64, 2, Op::At64C, false),
    (Op::Fmac, 1, Op::FmacB, true),
    (Op::Fmac, 2, Op::FmacC, true),
    (Op::Fmsc, 1, Op::FmscB, true),
    (Op::Fmsc, 2, Op::FmscC, true),
    (Op::FaddTo, 1, Op::FaddToB, true),
    (Op::FsubTo, 1, Op::FsubToB, true),
    (Op::St64, 1, Op::St64B, false),
];

/// What [`FORWARDED`] says of each operation: the variants for its operands, and what it is itself a variant of.
struct Forwarding {
    variants: [Option<(Op, bool)>; 3],
    variant_of: Option<(Op, usize, bool)>,
}

static FORWARDING: [Forwarding; Op::COUNT] = {
    let mut table = [const { Forwarding { variants: [None; 3], variant_of: None } }; Op::COUNT];
    let mut i = 0;
    while i < FORWARDED.len() {
        let (op, operand, variant, float) = FORWARDED[i];
        table[op as usize].variants[operand] = Some((variant, float));
        table[variant as usize].variant_of = Some((op, operand, float));
        i += 1;
    }
    table
};

impl Op {
    /// The variant that takes an operand from an accumulator, after an instruction that left this.
    pub fn forwarded(self, operand: usize, left: Left) -> Option<Self> {
        let (variant, float) = FORWARDING[self as usize].variants[operand]?;
        (left == Left::Both || left == if float { Left::Float } else { Left::Int }).then_some(variant)
    }

    /// What it is a variant of, which operand it takes from an accumulator, and whether from the one for floats.
    pub fn variant_of(self) -> Option<(Self, usize, bool)> {
        FORWARDING[self as usize].variant_of
    }

    /// What it leaves in the accumulators.
    pub fn leaves(self) -> Left {
        let op = self.variant_of().map_or(self, |(op, ..)| op);
        match op {
            Self::Ld64 | Self::At64 | Self::AtAt64 | Self::ArrAt64 | Self::AtField64 | Self::Const => Left::Both,
            Self::Fadd
            | Self::Fsub
            | Self::Fmul
            | Self::Fdiv
            | Self::Fneg
            | Self::Fround
            | Self::Fmin
            | Self::Fmax
            | Self::I2f
            | Self::U2f
            | Self::I2s
            | Self::U2s
            | Self::LdF32
            | Self::Fsqrt
            | Self::Fabs
            | Self::Ffloor
            | Self::Fceil
            | Self::Ftrunc
            | Self::FmacAt
            | Self::FmacAtAt
            | Self::FmacRow
            | Self::FaddL
            | Self::FsubL
            | Self::FmulL
            | Self::FaddLL
            | Self::FsubLL
            | Self::FmulLL
            | Self::FmulAdd
            | Self::FmulSub
            | Self::Fmac
            | Self::Fmsc => Left::Float,
            Self::Mov
            | Self::Imm
            | Self::Add
            | Self::Sub
            | Self::Mul
            | Self::And
            | Self::Or
            | Self::Xor
            | Self::AndNot
            | Self::Shl
            | Self::Shr
            | Self::Ushr
            | Self::AddL
            | Self::OrI
            | Self::XorI
            | Self::DivI
            | Self::RemI
            | Self::DivP2
            | Self::RemP2
            | Self::Add32s
            | Self::Sub32s
            | Self::Mul32s
            | Self::AddI32s
            | Self::MulI32s
            | Self::ShlI32s
            | Self::Add32u
            | Self::Sub32u
            | Self::Mul32u
            | Self::Shl32u
            | Self::AddI32u
            | Self::MulI32u
            | Self::ShlI32u
            | Self::ArrAt8u
            | Self::ArrAt32s
            | Self::ArrAt32u
            | Self::At32u
            | Self::AddI
            | Self::MulI
            | Self::AndI
            | Self::ShlI
            | Self::ShrI
            | Self::UshrI
            | Self::Div
            | Self::Rem
            | Self::Udiv
            | Self::Urem
            | Self::Neg
            | Self::Not
            | Self::NotB
            | Self::Ext8s
            | Self::Ext16s
            | Self::Ext32s
            | Self::Ext8u
            | Self::Ext16u
            | Self::Ext32u
            | Self::Eq
            | Self::Ne
            | Self::Lt
            | Self::Le
            | Self::Ult
            | Self::Ule
            | Self::Feq
            | Self::Fne
            | Self::Flt
            | Self::Fle
            | Self::F2i
            | Self::F2u
            | Self::Ld8s
            | Self::Ld8u
            | Self::Ld16s
            | Self::Ld16u
            | Self::Ld32s
            | Self::Ld32u
            | Self::Lea
            | Self::ElemAddr
            | Self::ArrayAddr
            | Self::StrAt
            | Self::Len
            | Self::Cap
            | Self::At8u
            | Self::At32s
            | Self::AtAt8u
            | Self::IsType
            | Self::StrEq
            | Self::StrCmp => Left::Int,
            _ => Left::Nothing,
        }
    }
}
