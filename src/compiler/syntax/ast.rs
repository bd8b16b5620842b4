//! The syntax tree: nodes in one index arena, shared by all files of a compilation.
//!
//! Invariants:
//! - A node is named by a 32-bit id; children are ids, lists are ranges of a pool ([`List`]). Nothing is boxed, so
//!   dropping a deep tree never recurses, and side tables of later phases are plain vectors indexed by node id.
//! - Every expression and statement has an exact [`Span`], from the first byte of its first token to the last byte of
//!   its last.
//! - Types are expressions (`[]int`, `func(int) string`, `interface{ … }`): which is meant is for the checker to say.
//! - Names that one type serves (`a, b int`) are flattened: each gets its own node and shares the type's id.
//! - `Bad` nodes stand where the parser recovered; a diagnostic has been given, so later phases stay silent on them.

use std::marker::PhantomData;

use crate::base::ids::{Id, IdVec, RawId};
use crate::base::{FileId, Interner, Span, Symbol};
use crate::define_id;

define_id! {
    /// Names an expression or type.
    pub struct ExprId;
    /// Names a statement.
    pub struct StmtId;
    /// Names a block with its braces.
    pub struct BlockId;
    /// Names a declaration.
    pub struct DeclId;
    /// Names one specification inside a declaration.
    pub struct SpecId;
    /// Names a function or method declaration.
    pub struct FuncId;
    /// Names a parameter, result, receiver or struct field.
    pub struct FieldId;
    /// Names an element of an interface type.
    pub struct ElemId;
    /// Names a `case` or `default` clause.
    pub struct ClauseId;
    /// Names a label statement.
    pub struct LabelId;
}

/// A list of ids, stored as a range of the arena's pool.
pub struct List<T> {
    start: u32,
    len: u32,
    items: PhantomData<fn() -> T>,
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for List<T> {}
impl<T> Default for List<T> {
    fn default() -> Self {
        Self { start: 0, len: 0, items: PhantomData }
    }
}
impl<T> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && (self.len == 0 || self.start == other.start)
    }
}
impl<T> std::fmt::Debug for List<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}+{}]", self.start, self.len)
    }
}

impl<T> List<T> {
    /// How many ids the list has.
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether the list has no id.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

impl<T: Id> List<T> {
    /// The list without its first `n` ids.
    pub fn skip(self, n: usize) -> Self {
        let n = (n as u32).min(self.len);
        Self { start: self.start + n, len: self.len - n, items: PhantomData }
    }
}

/// An identifier with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// The text.
    pub symbol: Symbol,
    /// Where it stands.
    pub span: Span,
}

/// Kind of a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LitKind {
    /// `42`, `0x2a`, `0b10_1010`
    Int,
    /// `1.5`, `1e9`, `0x1p-2`
    Float,
    /// `1i`: refused by the checker, parsed for a good message.
    Imaginary,
    /// `'x'`
    Rune,
    /// `"x"` or a raw string
    String,
}

/// Unary operators; `*x` is [`Expr::Star`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnOp {
    /// `+x`
    Plus,
    /// `-x`
    Minus,
    /// `!x`
    Not,
    /// `^x`
    Xor,
    /// `&x`
    Addr,
    /// `<-x`
    Recv,
    /// `~T`, in constraints only.
    Tilde,
}

/// Binary operators, also of assignment operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `&`
    And,
    /// `|`, also the union of constraints
    Or,
    /// `^`
    Xor,
    /// `&^`
    AndNot,
    /// `<<`
    Shl,
    /// `>>`
    Shr,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `&&`
    LAnd,
    /// `||`
    LOr,
}

impl BinOp {
    /// Binding strength, 1 (`||`) to 5 (`*`).
    pub fn precedence(self) -> u8 {
        use BinOp::*;
        match self {
            LOr => 1,
            LAnd => 2,
            Eq | Ne | Lt | Le | Gt | Ge => 3,
            Add | Sub | Or | Xor => 4,
            Mul | Div | Rem | And | AndNot | Shl | Shr => 5,
        }
    }

    /// Source form.
    pub fn text(self) -> &'static str {
        use BinOp::*;
        match self {
            Add => "+",
            Sub => "-",
            Mul => "*",
            Div => "/",
            Rem => "%",
            And => "&",
            Or => "|",
            Xor => "^",
            AndNot => "&^",
            Shl => "<<",
            Shr => ">>",
            Eq => "==",
            Ne => "!=",
            Lt => "<",
            Le => "<=",
            Gt => ">",
            Ge => ">=",
            LAnd => "&&",
            LOr => "||",
        }
    }

    /// `==`, `!=`, `<`, `<=`, `>`, `>=`
    pub fn is_comparison(self) -> bool {
        self.precedence() == 3
    }

    /// `<<`, `>>`
    pub fn is_shift(self) -> bool {
        matches!(self, Self::Shl | Self::Shr)
    }
}

impl UnOp {
    /// Source form.
    pub fn text(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Not => "!",
            Self::Xor => "^",
            Self::Addr => "&",
            Self::Recv => "<-",
            Self::Tilde => "~",
        }
    }
}

/// Direction of a channel type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChanDir {
    /// `chan T`
    Both,
    /// `chan<- T`
    Send,
    /// `<-chan T`
    Recv,
}

/// An expression or type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expr {
    /// The parser recovered here.
    Bad,
    /// `x`
    Ident(Symbol),
    /// A literal; the text is interned as written, quotes included.
    Literal(LitKind, Symbol),
    /// `T{…}`; `ty` is absent where an enclosing literal implies it. Elements may be [`Expr::KeyValue`].
    Composite {
        /// The literal's type.
        ty: Option<ExprId>,
        /// Its elements.
        elems: List<ExprId>,
    },
    /// `key: value`, in composite literals only.
    KeyValue {
        /// Field name, index or map key.
        key: ExprId,
        /// The element.
        value: ExprId,
    },
    /// `func(…) … { … }`; `ty` is an [`Expr::FuncType`].
    FuncLit {
        /// Its signature.
        ty: ExprId,
        /// Its body.
        body: BlockId,
    },
    /// `(x)`
    Paren(ExprId),
    /// `x.name`; the name's span is the end of the expression's span.
    Selector {
        /// What is selected from.
        x: ExprId,
        /// What is selected.
        name: Symbol,
    },
    /// `x[i]`, and instantiation `x[T1, T2]`.
    Index {
        /// What is indexed.
        x: ExprId,
        /// Index or type arguments; never empty unless an error was given.
        indices: List<ExprId>,
    },
    /// `x[lo:hi:max]`; `parts` has exactly three entries, [`Expr::Bad`]-free; absent ones are `None` in
    /// [`Ast::slice_parts`].
    Slice {
        /// What is sliced.
        x: ExprId,
        /// Index into [`Ast::slices`].
        parts: u32,
    },
    /// `x.(T)`; without `ty`, `x.(type)`.
    Assert {
        /// The interface value.
        x: ExprId,
        /// The asserted type.
        ty: Option<ExprId>,
    },
    /// `f(args…)`, conversions included.
    Call {
        /// Function or type.
        fun: ExprId,
        /// Arguments; types may be among them (`make([]int, n)`).
        args: List<ExprId>,
        /// Whether the last argument is followed by `...`.
        spread: bool,
    },
    /// `*x`: dereference or pointer type.
    Star(ExprId),
    /// Unary operation.
    Unary(UnOp, ExprId),
    /// Binary operation; also a union in constraints.
    Binary(BinOp, ExprId, ExprId),
    /// `[len]elem`; `len` of `[...]elem` is [`Expr::Ellipsis`].
    ArrayType {
        /// Length expression.
        len: ExprId,
        /// Element type.
        elem: ExprId,
    },
    /// `...` as an array length.
    Ellipsis,
    /// `[]elem`
    SliceType(ExprId),
    /// `map[key]value`
    MapType {
        /// Key type.
        key: ExprId,
        /// Element type.
        value: ExprId,
    },
    /// `chan T`, `chan<- T`, `<-chan T`
    ChanType(ChanDir, ExprId),
    /// `func(…) …`
    FuncType(Signature),
    /// `struct{ … }`
    StructType(List<FieldId>),
    /// `interface{ … }`
    InterfaceType(List<ElemId>),
}

/// Parameters and results of a function type or declaration.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Signature {
    /// Parameters in order.
    pub params: List<FieldId>,
    /// Results in order.
    pub results: List<FieldId>,
}

/// A parameter, result, receiver, type parameter or struct field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Absent for unnamed parameters and embedded fields.
    pub name: Option<Name>,
    /// Its type (`T` of `...T`); the constraint of a type parameter.
    pub ty: ExprId,
    /// Whether this is the final parameter `...T`.
    pub variadic: bool,
    /// A struct field's tag literal as written.
    pub tag: Option<Symbol>,
    /// From the name (or type) to the end of the type.
    pub span: Span,
}

/// An element of an interface type.
#[derive(Clone, Copy, Debug)]
pub enum Elem {
    /// A method; `ty` is an [`Expr::FuncType`].
    Method {
        /// Its name.
        name: Name,
        /// Its signature.
        ty: ExprId,
    },
    /// An embedded type or union.
    Embed(ExprId),
}

/// A statement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stmt {
    /// The parser recovered here.
    Bad,
    /// Nothing.
    Empty,
    /// An expression as a statement.
    Expr(ExprId),
    /// `chan <- value`
    Send {
        /// The channel.
        chan: ExprId,
        /// What is sent.
        value: ExprId,
    },
    /// `x++`, `x--`
    IncDec {
        /// The operand.
        x: ExprId,
        /// `++` rather than `--`.
        inc: bool,
    },
    /// `lhs = rhs`
    Assign {
        /// Operands on the left.
        lhs: List<ExprId>,
        /// Values.
        rhs: List<ExprId>,
    },
    /// `x op= y`
    OpAssign {
        /// The operation.
        op: BinOp,
        /// Left operand and destination.
        x: ExprId,
        /// Right operand.
        y: ExprId,
    },
    /// `lhs := rhs`; that each of `lhs` is an identifier is for the checker to find.
    Define {
        /// The names, as expressions.
        lhs: List<ExprId>,
        /// Values.
        rhs: List<ExprId>,
    },
    /// `go call`
    Go(ExprId),
    /// `defer call`
    Defer(ExprId),
    /// `return values`
    Return(List<ExprId>),
    /// `break`, `continue`, `goto`, `fallthrough`
    Branch {
        /// Which.
        kind: BranchKind,
        /// Its target.
        label: Option<LabelId>,
    },
    /// `{ … }`
    Block(BlockId),
    /// `if init; cond { … } else …`; `els` is a block or another `if`.
    If {
        /// Simple statement before the condition.
        init: Option<StmtId>,
        /// The condition; absent only after an error.
        cond: ExprId,
        /// Taken when it holds.
        then: BlockId,
        /// Taken otherwise.
        els: Option<StmtId>,
    },
    /// `switch init; tag { … }`
    Switch {
        /// Simple statement before the tag.
        init: Option<StmtId>,
        /// The tag.
        tag: Option<ExprId>,
        /// Its clauses.
        clauses: List<ClauseId>,
    },
    /// `switch init; bind := x.(type) { … }`
    TypeSwitch {
        /// Simple statement before the guard.
        init: Option<StmtId>,
        /// The symbol of the guard; a [`Expr::Ident`].
        bind: Option<ExprId>,
        /// The [`Expr::Assert`] without a type.
        guard: ExprId,
        /// Its clauses.
        clauses: List<ClauseId>,
    },
    /// `select { … }`
    Select(List<ClauseId>),
    /// `for init; cond; post { … }`
    For {
        /// Before the loop.
        init: Option<StmtId>,
        /// Absent means true.
        cond: Option<ExprId>,
        /// After each iteration.
        post: Option<StmtId>,
        /// The body.
        body: BlockId,
    },
    /// `for key, value := range x { … }`
    Range {
        /// Variables on the left, at most two unless the checker reports it.
        vars: List<ExprId>,
        /// `:=` rather than `=`.
        define: bool,
        /// What is ranged over.
        x: ExprId,
        /// The body.
        body: BlockId,
    },
    /// `label: stmt`
    Labeled {
        /// The label.
        label: LabelId,
        /// What it labels.
        stmt: StmtId,
    },
    /// A declaration among statements, functions at the top level of files included.
    Decl(DeclId),
}

/// Kind of a branch statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BranchKind {
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// `goto`
    Goto,
    /// `fallthrough`
    Fallthrough,
}

/// A `case` or `default` clause of switch, type switch or select.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    /// Values or types; empty for `default` and in select.
    pub exprs: List<ExprId>,
    /// The communication of a select clause.
    pub comm: Option<StmtId>,
    /// Whether this is `default`.
    pub is_default: bool,
    /// The statements.
    pub body: List<StmtId>,
    /// From `case` or `default` to the end of the last statement.
    pub span: Span,
    /// `case … :` alone.
    pub head: Span,
}

/// Statements between braces.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// The statements.
    pub stmts: List<StmtId>,
    /// Braces included; its last byte is the closing brace.
    pub span: Span,
}

/// A declaration.
#[derive(Clone, Copy, Debug)]
pub enum Decl {
    /// `import`, `const`, `var` or `type`, with one or more specifications.
    Group {
        /// The keyword.
        keyword: DeclKeyword,
        /// In order.
        specs: List<SpecId>,
        /// Whether parentheses were written.
        parens: bool,
        /// Whole declaration.
        span: Span,
    },
    /// A function or method.
    Func(FuncId),
}

/// The keyword of a [`Decl::Group`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeclKeyword {
    /// `import`
    Import,
    /// `const`
    Const,
    /// `var`
    Var,
    /// `type`
    Type,
}

/// One specification of a declaration.
#[derive(Clone, Copy, Debug)]
pub enum Spec {
    /// The parser recovered here.
    Bad,
    /// `name "path"`
    Import {
        /// A name, `.` or `_`.
        name: Option<Name>,
        /// The path literal as written.
        path: Name,
    },
    /// `names type = values`
    Const {
        /// What is declared.
        names: List<ExprId>,
        /// Written or repeated from an earlier specification of the group.
        ty: Option<ExprId>,
        /// Written or repeated.
        values: List<ExprId>,
        /// Whether type and values are repeated from an earlier specification.
        repeated: bool,
        /// Position in the group.
        iota: u32,
    },
    /// `names type = values`
    Var {
        /// What is declared.
        names: List<ExprId>,
        /// Its type.
        ty: Option<ExprId>,
        /// Its values.
        values: List<ExprId>,
    },
    /// `name[tparams] = type`
    Type {
        /// What is declared.
        name: Name,
        /// Type parameters; the `ty` of each [`Field`] is its constraint.
        tparams: List<FieldId>,
        /// Whether `=` was written.
        alias: bool,
        /// The type.
        ty: ExprId,
    },
}

/// A function or method declaration.
#[derive(Clone, Copy, Debug)]
pub struct Func {
    /// Its name.
    pub name: Name,
    /// The receiver, for methods. More than one is an error the parser reports.
    pub recv: Option<FieldId>,
    /// Type parameters.
    pub tparams: List<FieldId>,
    /// Parameters and results.
    pub sig: Signature,
    /// Absent for natives.
    pub body: Option<BlockId>,
    /// The whole declaration.
    pub span: Span,
    /// From `func` to the end of the signature.
    pub head: Span,
}

/// A parsed file.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Which file.
    pub id: FileId,
    /// The package clause; absent in scripts.
    pub package: Option<Name>,
    /// Top-level declarations, and in scripts statements, in textual order.
    pub items: List<StmtId>,
}

impl File {
    /// Whether the file is a script (has no package clause).
    pub fn is_script(&self) -> bool {
        self.package.is_none()
    }
}

/// The arena of all nodes.
#[derive(Default)]
pub struct Ast {
    /// All names and literals.
    pub names: Interner,
    exprs: IdVec<ExprId, Expr>,
    expr_spans: IdVec<ExprId, Span>,
    stmts: IdVec<StmtId, Stmt>,
    stmt_spans: IdVec<StmtId, Span>,
    blocks: IdVec<BlockId, Block>,
    decls: IdVec<DeclId, Decl>,
    specs: IdVec<SpecId, Spec>,
    spec_spans: IdVec<SpecId, Span>,
    funcs: IdVec<FuncId, Func>,
    fields: IdVec<FieldId, Field>,
    elems: IdVec<ElemId, Elem>,
    clauses: IdVec<ClauseId, Clause>,
    labels: IdVec<LabelId, Name>,
    slices: Vec<[Option<ExprId>; 3]>,
    pool: Vec<RawId>,
    /// Spans of declarations that a `//vm:export` directive precedes, by the start of their first token.
    pub exports: rustc_hash::FxHashSet<u32>,
}

/// An id that can stand in a [`List`].
pub trait Listed: Id {
    /// To the pool's form.
    fn pack(self) -> RawId {
        RawId::new(self.index())
    }
    /// From the pool's form.
    fn unpack(raw: RawId) -> Self {
        Self::new(raw.index())
    }
}
impl<T: Id> Listed for T {}

macro_rules! arena {
    ($($add:ident $get:ident $field:ident $id:ident $node:ident;)*) => {$(
        #[doc = concat!("Adds a ", stringify!($node), ".")]
        #[inline]
        pub fn $add(&mut self, node: $node) -> $id {
            self.$field.push(node)
        }

        #[doc = concat!("The ", stringify!($node), " named by `id`.")]
        #[inline]
        pub fn $get(&self, id: $id) -> $node {
            self.$field[id]
        }
    )*};
}

impl Ast {
    /// An empty arena.
    pub fn new() -> Self {
        Self::default()
    }

    arena! {
        add_block block blocks BlockId Block;
        add_decl decl decls DeclId Decl;
        add_func func funcs FuncId Func;
        add_field field fields FieldId Field;
        add_elem elem elems ElemId Elem;
        add_clause clause clauses ClauseId Clause;
        add_label label labels LabelId Name;
    }

    /// Adds an expression.
    #[inline]
    pub fn add_expr(&mut self, node: Expr, span: Span) -> ExprId {
        self.expr_spans.push(span);
        self.exprs.push(node)
    }

    /// The expression named by `id`.
    #[inline]
    pub fn expr(&self, id: ExprId) -> Expr {
        self.exprs[id]
    }

    /// Where an expression stands.
    #[inline]
    pub fn span(&self, id: ExprId) -> Span {
        self.expr_spans[id]
    }

    /// Replaces an expression, for covers that a later token resolves.
    pub fn set_expr(&mut self, id: ExprId, node: Expr, span: Span) {
        self.exprs[id] = node;
        self.expr_spans[id] = span;
    }

    /// The number of expressions: the length of side tables.
    pub fn expr_count(&self) -> usize {
        self.exprs.len()
    }

    /// Adds a statement.
    #[inline]
    pub fn add_stmt(&mut self, node: Stmt, span: Span) -> StmtId {
        self.stmt_spans.push(span);
        self.stmts.push(node)
    }

    /// The statement named by `id`.
    #[inline]
    pub fn stmt(&self, id: StmtId) -> Stmt {
        self.stmts[id]
    }

    /// Where a statement stands.
    #[inline]
    pub fn stmt_span(&self, id: StmtId) -> Span {
        self.stmt_spans[id]
    }

    /// The number of statements.
    pub fn stmt_count(&self) -> usize {
        self.stmts.len()
    }

    /// Adds a specification.
    pub fn add_spec(&mut self, node: Spec, span: Span) -> SpecId {
        self.spec_spans.push(span);
        self.specs.push(node)
    }

    /// The specification named by `id`.
    pub fn spec(&self, id: SpecId) -> Spec {
        self.specs[id]
    }

    /// Replaces a specification (constant repetition is resolved when the group closes).
    pub fn set_spec(&mut self, id: SpecId, node: Spec) {
        self.specs[id] = node;
    }

    /// Where a specification stands.
    pub fn spec_span(&self, id: SpecId) -> Span {
        self.spec_spans[id]
    }

    /// Adds the three parts of a slice expression.
    pub fn add_slice_parts(&mut self, parts: [Option<ExprId>; 3]) -> u32 {
        self.slices.push(parts);
        (self.slices.len() - 1) as u32
    }

    /// The low, high and max parts of a slice expression.
    pub fn slice_parts(&self, parts: u32) -> [Option<ExprId>; 3] {
        self.slices[parts as usize]
    }

    /// Stores a list.
    pub fn add_list<T: Listed>(&mut self, items: &[T]) -> List<T> {
        let start = self.pool.len() as u32;
        self.pool.extend(items.iter().map(|item| item.pack()));
        List { start, len: items.len() as u32, items: PhantomData }
    }

    /// The ids of a list.
    #[inline]
    pub fn list<T: Listed>(
        &self,
        list: List<T>,
    ) -> impl DoubleEndedIterator<Item = T> + ExactSizeIterator + Clone + use<'_, T> {
        self.pool[list.start as usize..(list.start + list.len) as usize].iter().map(|&raw| T::unpack(raw))
    }

    /// The `i`th id of a list.
    #[inline]
    pub fn nth<T: Listed>(&self, list: List<T>, i: usize) -> Option<T> {
        if i < list.len() { Some(T::unpack(self.pool[list.start as usize + i])) } else { None }
    }

    /// The first id of a list.
    pub fn first<T: Listed>(&self, list: List<T>) -> Option<T> {
        self.nth(list, 0)
    }

    /// The last id of a list.
    pub fn last<T: Listed>(&self, list: List<T>) -> Option<T> {
        self.nth(list, list.len().wrapping_sub(1))
    }

    /// The span of a selector's name: the end of the expression's span.
    pub fn selector_name_span(&self, id: ExprId) -> Span {
        let span = self.span(id);
        match self.expr(id) {
            Expr::Selector { name, .. } => Span::new(span.hi - self.names.get(name).len() as u32, span.hi),
            _ => span,
        }
    }

    /// `id` without enclosing parentheses.
    pub fn unparen(&self, mut id: ExprId) -> ExprId {
        while let Expr::Paren(inner) = self.expr(id) {
            id = inner;
        }
        id
    }
}

const _: () = assert!(size_of::<Expr>() <= 20 && size_of::<Stmt>() <= 24);
