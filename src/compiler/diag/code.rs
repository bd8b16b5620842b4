//! The stable codes of diagnostics, grouped by what they are about.
//!
//! A code never changes its meaning and is never reused. Each has a page, `docs/errors/<code>.md`, that
//! `vm explain` prints.

/// Declares the codes: number, name, and the page's title.
macro_rules! codes {
    ($($number:literal $name:ident $title:literal;)*) => {
        /// A stable, documented code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = concat!($number, ": ", $title)] $name,)*
        }

        impl Code {
            /// All codes in order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// `E0101` and so on.
            pub fn number(self) -> &'static str {
                match self { $(Self::$name => $number,)* }
            }

            /// What it is about, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// Its page, as `vm explain` prints it.
            pub fn page(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(concat!("../../../docs/errors/", $number, ".md")),)*
                }
            }

            /// The code written as `number`; case does not matter.
            pub fn parse(number: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|c| c.number().eq_ignore_ascii_case(number))
            }
        }
    };
}

codes! {
    // Reading
    "E0001" InvalidUtf8 "source is not valid UTF-8";
    "E0002" InvalidCharacter "a character that cannot stand in source";
    "E0003" SourceTooLarge "source too large";
    // Syntax
    "E0101" Syntax "syntax error";
    "E0102" InvalidLiteral "malformed literal";
    "E0103" Unterminated "unterminated literal or comment";
    "E0104" NestingTooDeep "nesting too deep";
    "E0105" MisplacedDeclaration "declaration or statement in the wrong place";
    "E0106" InvalidDirective "directive that Lang does not have";
    // Names and declarations
    "E0201" Undefined "undefined name";
    "E0202" Redeclared "name declared twice";
    "E0203" UnusedVariable "variable declared and not used";
    "E0204" UnusedImport "import not used";
    "E0205" UnusedLabel "label defined and not used";
    "E0206" NoNewVariables "no new variables on left side of :=";
    "E0207" InvalidDefine "left side of := that is not a name";
    "E0208" InvalidInitMain "init or main declared in a wrong way";
    "E0209" InitializationCycle "initialization cycle";
    "E0210" InvalidRecursiveType "invalid recursive type";
    "E0211" CyclicDeclaration "declaration that refers to itself";
    "E0212" InvalidReceiver "invalid receiver type";
    "E0213" DuplicateMethod "method declared twice";
    "E0214" FieldAndMethod "field and method with the same name";
    "E0215" DuplicateField "field declared twice";
    "E0216" MissingInit "declaration without type or value";
    "E0217" MissingBody "function without a body";
    "E0218" InvalidBlank "cannot use _ as value";
    "E0219" MissingMain "program without main";
    "E0220" InvalidIota "iota outside of a constant declaration";
    // Types
    "E0301" NotAType "not a type";
    "E0302" InvalidMapKey "invalid map key type";
    "E0303" InvalidArrayLength "invalid array length";
    "E0304" DuplicateInterfaceMethod "duplicate method in an interface";
    "E0305" InvalidEmbedding "type that cannot be embedded";
    "E0306" MisplacedConstraint "constraint interface used as a type";
    "E0307" InvalidUnion "invalid union or ~ term";
    "E0308" NotSupported "part of Go that Lang does not have";
    "E0309" MisplacedDots "misplaced ...";
    // Constants
    "E0401" ConstantOverflow "constant overflows its type";
    "E0402" ConstantTruncated "constant truncated";
    "E0403" DivisionByZero "division by zero";
    "E0404" NotConstant "not constant";
    "E0405" InvalidConstantType "invalid constant type";
    "E0406" InvalidShift "invalid shift";
    // Expressions
    "E0501" Mismatched "mismatched types";
    "E0502" UndefinedOperator "operator not defined for the type";
    "E0503" NotComparable "values that cannot be compared";
    "E0504" NotAssignable "value that cannot be used as the wanted type";
    "E0505" InvalidConversion "invalid conversion";
    "E0506" MissingFieldOrMethod "missing field or method";
    "E0507" AmbiguousSelector "ambiguous selector";
    "E0508" Unexported "name that is not exported";
    "E0509" InvalidIndirection "cannot indirect";
    "E0510" NotAddressable "cannot take address";
    "E0511" NotIndexable "cannot index";
    "E0512" InvalidIndex "invalid index";
    "E0513" NotSliceable "cannot slice";
    "E0514" InvalidSlice "invalid slice expression";
    "E0515" InvalidAssertion "invalid type assertion";
    "E0516" ImpossibleAssertion "impossible type assertion";
    "E0517" InvalidLiteralType "invalid composite literal type";
    "E0518" InvalidElement "invalid element of a composite literal";
    "E0519" DuplicateElement "duplicate key, index or field in a literal";
    "E0520" UntypedNil "use of untyped nil";
    "E0521" UnusedResult "value that is not used";
    "E0522" NotAnExpression "not an expression";
    "E0523" NotAValue "no value used as value";
    "E0524" MultipleValues "multiple values in single-value context";
    "E0525" InvalidReceive "invalid receive";
    "E0526" InvalidMethodExpression "invalid method expression";
    // Calls
    "E0601" NotCallable "cannot call";
    "E0602" ArgumentCount "wrong number of arguments";
    "E0603" InvalidSpread "invalid use of ...";
    "E0604" InvalidBuiltinArgument "invalid argument of a built-in";
    "E0605" BuiltinNotCalled "built-in that must be called";
    // Statements
    "E0701" AssignmentMismatch "assignment count mismatch";
    "E0702" NotAssignableTo "cannot assign to";
    "E0703" MissingReturn "missing return";
    "E0704" ResultCount "wrong number of return values";
    "E0705" InvalidCondition "condition that is not a boolean";
    "E0706" DuplicateCase "duplicate case";
    "E0707" DuplicateDefault "multiple defaults";
    "E0708" MisplacedBranch "break, continue or fallthrough out of place";
    "E0709" InvalidLabel "undefined, duplicate or invalid label";
    "E0710" InvalidGoto "goto that jumps over or into something";
    "E0711" InvalidRange "cannot range over";
    "E0712" InvalidDefer "expression in go or defer must be a function call";
    "E0713" InvalidSend "invalid send";
    "E0714" InvalidSelectCase "invalid select case";
    "E0715" InvalidTypeSwitch "invalid type switch";
    "E0716" ShadowedResult "result parameter not in scope at return";
    // Generics
    "E0801" CannotInfer "cannot infer a type argument";
    "E0802" TypeArgumentCount "wrong number of type arguments";
    "E0803" NotSatisfied "type does not satisfy its constraint";
    "E0804" NotInstantiated "generic type or function without instantiation";
    "E0805" NotGeneric "not a generic type or function";
    "E0806" InstantiationCycle "instantiation cycle";
    "E0807" InvalidTypeParameter "invalid use of a type parameter";
    "E0808" InferenceMismatch "type arguments that do not match";
    // Packages
    "E0901" ImportNotFound "package not found";
    "E0902" ImportCycle "import cycle";
    "E0903" InvalidImportPath "invalid import path";
    "E0904" PackageMismatch "files of different packages in one folder";
    "E0905" UnreadableSource "source that cannot be read";
    "E0906" AmbiguousImport "ambiguous import";
    // Limits
    "E0999" Limit "limit of the compiler exceeded";
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn numbers_are_unique_and_ascend() {
        assert!(Code::ALL.windows(2).all(|w| w[0].number() < w[1].number()));
        assert_eq!(Code::parse("e0201"), Some(Code::Undefined));
        assert_eq!(Code::parse("E9"), None);
    }
}
