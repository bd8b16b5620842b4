//! The rules: from what the parser would have taken, and from the brackets around the place, to an error in Go's
//! words and a repair. The first rule that applies decides; those for common mistakes come first.

use super::context::{Context, Inside};
use super::{Repair, Repairs};
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::lexer::Spanned;
use crate::compiler::syntax::token::{Semi, Token};

/// What every rule looks at.
struct Scene<'r, 't> {
    repairs: &'r Repairs<'r>,
    context: Context<'t>,
    expected: &'t [String],
    /// The token that was not expected; none at the end of the file.
    token: Option<Token>,
    inside: Inside,
    in_function: bool,
}

/// Words and mends an error.
pub fn repair(repairs: &Repairs<'_>, context: Context<'_>, expected: &[String]) -> Repair {
    let scene = Scene {
        repairs,
        context,
        expected,
        token: context.token(context.at),
        inside: context.inside(),
        in_function: !repairs.program || context.in_function(),
    };
    let mut repair = scene
        .package()
        .or_else(|| scene.special())
        .or_else(|| scene.item())
        .or_else(|| scene.statement())
        .or_else(|| scene.operand())
        .or_else(|| scene.type_or_name())
        .or_else(|| scene.end())
        .or_else(|| scene.header())
        .or_else(|| scene.list())
        .unwrap_or_else(|| scene.wanted());
    // What is missing at the end of the file only follows from an earlier error.
    if matches!(scene.token, None | Some(Token::Semi(Semi::Eof))) && !repairs.diagnostics.is_empty() {
        repair.diagnostic = None;
    }
    repair
}

fn is_close(token: Token) -> bool {
    matches!(token, Token::RParen | Token::ResultRParen | Token::RBrack | Token::RBrace)
}

fn ends_line(token: Token) -> bool {
    matches!(token, Token::Semi(_) | Token::RBrace)
}

impl<'t> Scene<'_, 't> {
    /// Whether the parser would have taken the terminal.
    fn wants(&self, terminal: &str) -> bool {
        self.expected.iter().any(|e| e.get(1..e.len().saturating_sub(1)) == Some(terminal))
    }

    fn is(&self, token: Token) -> bool {
        self.token == Some(token)
    }

    fn at(&self) -> Option<&'t Spanned> {
        self.context.tokens.get(self.context.at)
    }

    /// `unexpected X` with `rest` behind.
    fn unexpected(&self, rest: &str) -> Diagnostic {
        self.repairs.error(self.at(), format_args!("unexpected {}{rest}", self.repairs.describe(self.at())))
    }

    fn says(&self, message: &str) -> Diagnostic {
        self.repairs.error(self.at(), message)
    }

    /// Replaces the tokens from where the parser stopped up to `to`.
    fn replace(&self, diagnostic: Diagnostic, to: usize, insert: &[Token]) -> Repair {
        let from = self.context.at;
        Repair { diagnostic: Some(diagnostic), from, to, insert: insert.to_vec(), stop: false }
    }

    fn sync(&self, stop: impl Fn(Token) -> bool) -> usize {
        self.context.sync(self.context.at, self.in_function, stop)
    }

    fn found(&self, index: usize) -> Option<Token> {
        self.context.token(index)
    }

    /// Common mistakes.
    fn special(&self) -> Option<Repair> {
        let (c, before) = (self.context, self.context.before(1));
        let word = |t| match t {
            Some(Token::If) => Some("if"),
            Some(Token::For) => Some("for"),
            Some(Token::Switch) => Some("switch"),
            _ => None,
        };
        if let (true, Some(keyword)) = (self.is(Token::Var), word(before)) {
            let message = format!("var declaration not allowed in {keyword} initializer");
            return Some(self.replace(self.says(&message), c.at + 1, &[]));
        }
        if before == Some(Token::Else) {
            let to = self.sync(ends_line);
            let insert: &[Token] = match self.found(to) {
                Some(Token::RBrace | Token::Semi(_)) => &[Token::LBrace, Token::RBrace],
                _ => &[Token::LBrace, Token::RBrace, Token::Semi(Semi::Written)],
            };
            return Some(self.replace(self.says("else must be followed by if or statement block"), to, insert));
        }
        if !self.repairs.program
            && self.is(Token::Name)
            && before == Some(Token::Func)
            && matches!(c.token(c.at + 1), Some(Token::LParen | Token::LBrack))
        {
            // A named function inside of another one: without its name it is a literal.
            return Some(self.replace(self.unexpected(", expected ("), c.at + 1, &[]));
        }
        if self.is(Token::LBrack) && before == Some(Token::Func) {
            return Some(self.replace(
                self.says("function type must have no type parameters"),
                c.past_close(c.at),
                &[],
            ));
        }
        if before == Some(Token::Colon) && self.is_label() && self.token.is_some() {
            let diagnostic = self.repairs.error(c.tokens.get(c.at - 2), "missing statement after label");
            return Some(self.replace(diagnostic, c.at, &[Token::Semi(Semi::Written)]));
        }
        self.type_parameters().or_else(|| self.parenthesized_embedding())
    }

    /// Type parameters where there can be none.
    fn type_parameters(&self) -> Option<Repair> {
        let c = self.context;
        if self.is(Token::RBrack) && c.before(1) == Some(Token::LBrack) && self.inside == Inside::TypeParams {
            let diagnostic = self.says("empty type parameter list");
            return Some(Repair { from: c.at - 1, ..self.replace(diagnostic, c.at + 1, &[]) });
        }
        // `m[T any](…)` in an interface: what stopped the parser is inside of the brackets or the parenthesis behind.
        let open = match (c.open_before(c.at), self.inside) {
            (Some(open), Inside::TypeParams) => open,
            (_, Inside::Interface) if self.is(Token::LParen) && c.before(1) == Some(Token::RBrack) => {
                c.open_before(c.at - 1)?
            }
            _ => return None,
        };
        let outer = c.open_before(open)?;
        if c.kind(outer) != Inside::Interface || c.token(open) != Some(Token::LBrack) {
            return None;
        }
        let place = self.repairs.place(c.tokens.get(open));
        let diagnostic = Diagnostic::error(Code::Syntax, place, "interface method must have no type parameters");
        Some(Repair { from: open, ..self.replace(diagnostic, c.past_close(open), &[]) })
    }

    /// `(T)` among struct fields.
    fn parenthesized_embedding(&self) -> Option<Repair> {
        let c = self.context;
        let starts = matches!(c.before(1), Some(Token::LBrace | Token::Semi(_) | Token::Star));
        if self.inside != Inside::Struct || !starts || !self.is(Token::LParen) {
            return None;
        }
        // The line goes, with the star before it and the semicolon behind it.
        let close = c.past_close(c.at);
        let to = close + usize::from(matches!(self.found(close), Some(Token::Semi(_))));
        let from = c.at - usize::from(c.before(1) == Some(Token::Star));
        Some(Repair { from, ..self.replace(self.says("cannot parenthesize embedded type"), to, &[]) })
    }

    /// The start of an item.
    fn item(&self) -> Option<Repair> {
        if !(self.wants("start file") || self.wants("func decl") || self.wants("package")) {
            return None;
        }
        let c = self.context;
        if self.is(Token::Func) {
            // The lexer took it for a literal, misled by a missing bracket.
            return Some(Repair { diagnostic: None, ..self.replace(self.says(""), c.at + 1, &[Token::FuncDecl]) });
        }
        if !self.repairs.program {
            if self.is(Token::Package) {
                let diagnostic = self.repairs.error(c.tokens.first(), "package statement must be first");
                return Some(Repair { stop: true, ..self.replace(diagnostic, c.at + 1, &[]) });
            }
            if self.is(Token::Else) {
                // Its block may stand alone.
                return Some(self.replace(self.unexpected(""), c.at + 1, &[]));
            }
            let to = (self.sync(|t| matches!(t, Token::Semi(_))) + 1).max(c.at + 1);
            return Some(self.replace(self.unexpected(""), to, &[]));
        }
        let head = c.tokens.get(c.start..c.at).unwrap_or(&[]);
        let bodyless = c.token(c.start) == Some(Token::FuncDecl) && !head.iter().any(|t| t.token == Token::LBrace);
        let message = if bodyless && self.is(Token::LBrace) {
            "unexpected semicolon or newline before {"
        } else {
            "non-declaration statement outside function body"
        };
        let diagnostic = Diagnostic { code: Code::MisplacedDeclaration, ..self.says(message) };
        Some(self.top_level(diagnostic, &[]))
    }

    /// Goes on with the next declaration.
    fn top_level(&self, diagnostic: Diagnostic, insert: &[Token]) -> Repair {
        let declares =
            |t| matches!(t, Token::Import | Token::Const | Token::Type | Token::Var | Token::Func | Token::FuncDecl);
        let to = self.context.sync(self.context.at.max(self.context.start), false, declares);
        self.replace(diagnostic, to, insert)
    }

    /// Faults in the package clause: as in Go, the rest is not looked at.
    fn package(&self) -> Option<Repair> {
        let c = self.context;
        let first = self.repairs.program && c.start == 0 && c.token(0) == Some(Token::Package) && c.at <= 2;
        let what = if c.at == 1 { ", expected name" } else { ", expected semicolon or newline" };
        first.then(|| Repair { stop: true, ..self.replace(self.unexpected(what), c.at, &[]) })
    }

    /// The start of a statement or clause.
    fn statement(&self) -> Option<Repair> {
        let c = self.context;
        if self.is(Token::FuncDecl) && self.wants("func") {
            // The lexer took it for an item, misled by a missing bracket.
            let silent = Repair { diagnostic: None, ..self.replace(self.says(""), c.at + 1, &[Token::Func]) };
            return Some(silent);
        }
        if self.wants("case") && (self.wants("if") || !self.wants(";")) {
            let to = self.sync(|t| matches!(t, Token::Colon | Token::Case | Token::Default | Token::RBrace));
            let to = if self.found(to) == Some(Token::Colon) { to + 1 } else { to };
            return Some(self.replace(self.unexpected(", expected case or default or }"), to, &[]));
        }
        // The parser may have closed the statement before it saw that the token does not fit.
        let starts = matches!(c.before(1), Some(Token::Semi(_) | Token::LBrace | Token::BlockLBrace | Token::Colon));
        if self.inside == Inside::Block && self.wants("}") && !self.wants("if") && !starts {
            return Some(self.end_statement(" at end of statement"));
        }
        if self.wants("if") {
            return Some(self.replace(self.unexpected(", expected }"), c.at + 1, &[Token::RBrace]));
        }
        None
    }

    fn is_label(&self) -> bool {
        let starts = |t| matches!(t, Token::Semi(_) | Token::LBrace | Token::BlockLBrace | Token::Colon);
        matches!(self.inside, Inside::Block | Inside::Item)
            && self.context.before(2) == Some(Token::Name)
            && self.context.before(3).is_none_or(starts)
    }

    /// A missing expression.
    fn operand(&self) -> Option<Repair> {
        if !self.wants("!") {
            return None;
        }
        let c = self.context;
        if self.inside == Inside::TypeParams && c.before(1) == Some(Token::Comma) && self.token.is_some() {
            return Some(self.skip_entry("]", |t| matches!(t, Token::Comma | Token::RBrack)));
        }
        let starts_index = c.before(1) == Some(Token::LBrack) && self.inside == Inside::Index;
        let what = match (starts_index, self.wants(":")) {
            (true, true) if self.is(Token::RBrack) => ", expected operand",
            (true, false) if self.is(Token::RBrack) => ", expected type argument list",
            (true, false) => ", expected type",
            _ => ", expected expression",
        };
        Some(self.replace(self.unexpected(what), self.sync(is_close), &[Token::Bad]))
    }

    /// An entry of a parameter list that is none.
    fn skip_entry(&self, close: &str, stop: impl Fn(Token) -> bool) -> Repair {
        let to = self.sync(stop);
        let comma = self.found(to) == Some(Token::Comma);
        self.replace(self.unexpected(&format!(", expected {close}")), to + usize::from(comma), &[])
    }

    /// A missing type, or a name where types and names may stand.
    fn type_or_name(&self) -> Option<Repair> {
        let (c, before) = (self.context, self.context.before(1));
        let starts_line = matches!(before, Some(Token::LBrace | Token::Semi(_)));
        match self.inside {
            Inside::Struct if starts_line => return Some(self.skip_line("field name or embedded type")),
            Inside::Interface if starts_line => return Some(self.skip_line("~ term or type")),
            _ => {}
        }
        if self.inside == Inside::TypeParams
            && matches!(before, Some(Token::LBrack | Token::Comma))
            && self.token.is_some()
        {
            return Some(self.skip_entry("]", |t| matches!(t, Token::Comma | Token::RBrack)));
        }
        if !self.wants("map") {
            return None;
        }
        let names_field = self.inside == Inside::Struct
            && before == Some(Token::Name)
            && matches!(c.before(2), Some(Token::LBrace | Token::Semi(_) | Token::Comma));
        if self.wants(";") && !self.wants("=") && !names_field {
            return None;
        }
        if self.wants("=") && self.is(Token::Define) {
            return Some(self.replace(self.unexpected(", expected ="), c.at + 1, &[Token::Assign]));
        }
        if self.wants(";") && !names_field {
            return None;
        }
        if before == Some(Token::Dots) {
            return Some(self.replace(self.says("... is missing type"), c.at, &[Token::Bad]));
        }
        if before == Some(Token::Chan) || (before == Some(Token::Arrow) && c.before(2) == Some(Token::Chan)) {
            return Some(self.replace(self.says("missing channel element type"), c.at, &[Token::Bad]));
        }
        if matches!(self.inside, Inside::Params | Inside::TypeParams) && self.wants(",") {
            return None;
        }
        if self.wants("...") && self.inside == Inside::Params {
            return Some(self.skip_entry(")", |t| matches!(t, Token::Comma | Token::RParen | Token::ResultRParen)));
        }
        let stop = |t| is_close(t) || matches!(t, Token::Comma | Token::Colon | Token::Semi(_));
        let to = self.sync(stop);
        if self.declares_type() {
            let diagnostic = match self.token {
                Some(Token::Define) => self.unexpected(", expected ="),
                _ => self.unexpected(" in type declaration"),
            };
            return Some(self.replace(diagnostic, to, &[Token::Bad]));
        }
        let what = if self.wants("~") { ", expected ~ term or type" } else { ", expected type" };
        Some(self.replace(self.unexpected(what), to, &[Token::Bad]))
    }

    /// Whether the type of `type T …` is missing.
    fn declares_type(&self) -> bool {
        let c = self.context;
        let keyword = |i: usize| {
            let grouped = c
                .open_before(i)
                .is_some_and(|o| o > 0 && c.kind(o) == Inside::Group && c.token(o - 1) == Some(Token::Type));
            let starts = i.checked_sub(1).and_then(|p| c.token(p));
            starts == Some(Token::Type) || (grouped && matches!(starts, Some(Token::LParen | Token::Semi(_))))
        };
        let last = c.at.wrapping_sub(1);
        match c.before(1) {
            Some(Token::Name) => keyword(last),
            Some(Token::Assign) => self.wants("chan") && !self.wants("!"),
            Some(Token::RBrack) => c.open_before(last).is_some_and(|o| {
                o > 0
                    && c.token(o - 1) == Some(Token::Name)
                    && keyword(o - 1)
                    && c.tokens.get(o + 1).is_some_and(|t| t.token == Token::TypeParam)
            }),
            _ => false,
        }
    }

    /// A line of a struct or interface that cannot begin so.
    fn skip_line(&self, what: &str) -> Repair {
        let what = if self.token.is_none() { "}" } else { what };
        let to = self.sync(ends_line).max(self.context.at);
        let to = to + usize::from(matches!(self.found(to), Some(Token::Semi(_))));
        self.replace(self.unexpected(&format!(", expected {what}")), to.max(self.context.at), &[])
    }

    /// Something behind what was complete.
    fn end(&self) -> Option<Repair> {
        if !self.wants(";") || self.wants("block{") {
            return None;
        }
        if self.wants("=") && self.is(Token::Define) {
            return Some(self.replace(self.unexpected(", expected ="), self.context.at + 1, &[Token::Assign]));
        }
        let possibly =
            |what: &str, close: &str| format!(" in {what}; possibly missing semicolon or newline or {close}");
        Some(match self.inside {
            Inside::Group => self.close(&possibly("grouped declaration", ")"), Token::RParen),
            Inside::Struct => self.close(&possibly("struct type", "}"), Token::RBrace),
            Inside::Interface => self.close(&possibly("interface type", "}"), Token::RBrace),
            Inside::Item if self.repairs.program => {
                self.top_level(self.unexpected(" after top level declaration"), &[Token::Semi(Semi::Written)])
            }
            _ => self.end_statement(" at end of statement"),
        })
    }

    fn end_statement(&self, message: &str) -> Repair {
        let to = self.sync(ends_line);
        let closes = self.found(to) == Some(Token::RBrace) && self.inside != Inside::Item;
        let insert: &[Token] =
            if closes || matches!(self.found(to), Some(Token::Semi(_))) { &[] } else { &[Token::Semi(Semi::Written)] };
        self.replace(self.unexpected(message), to, insert)
    }

    /// Goes on behind the bracket that ends a list.
    fn close(&self, message: &str, close: Token) -> Repair {
        let to = self.sync(is_close);
        let there =
            self.found(to) == Some(close) || (close == Token::RParen && self.found(to) == Some(Token::ResultRParen));
        let insert: &[Token] = if there { &[] } else { &[close] };
        self.replace(self.unexpected(message), to, insert)
    }

    /// The header of a statement.
    fn header(&self) -> Option<Repair> {
        let names = self.wants(":=") && self.wants("=") && self.wants(",");
        if names && !self.wants("block{") && !self.wants(":") {
            return Some(self.names());
        }
        if !self.wants("block{") {
            return None;
        }
        let (keyword, semicolons, range) = self.context.header()?;
        let diagnostic = match (keyword, semicolons) {
            (Token::Select, _) => self.says("missing { after select clause"),
            (Token::Switch, 1..) => self.says("missing { after switch clause"),
            (Token::If, 1..) => self.unexpected(", expected { after if clause"),
            (Token::For, 1) if !range => self.unexpected(", expected semicolon or newline"),
            (Token::For, 2..) => self.unexpected(", expected { after for clause"),
            (Token::For, _) if range => self.unexpected(", expected { after for clause"),
            _ => self.unexpected(", expected {"),
        };
        let to = self.sync(|t| matches!(t, Token::LBrace | Token::BlockLBrace | Token::RBrace));
        let (to, insert): (usize, &[Token]) = match self.found(to) {
            Some(Token::LBrace | Token::BlockLBrace) => (to + 1, &[Token::BlockLBrace]),
            Some(Token::RBrace) => (to, &[Token::BlockLBrace]),
            _ => (to, &[Token::BlockLBrace, Token::RBrace, Token::Semi(Semi::Written)]),
        };
        Some(self.replace(diagnostic, to, insert))
    }

    /// `a, b` without an assignment.
    fn names(&self) -> Repair {
        let to = self.sync(|t| ends_line(t) || t == Token::BlockLBrace);
        let ends = matches!(self.found(to), Some(Token::Semi(_) | Token::RBrace | Token::BlockLBrace));
        let insert: &[Token] =
            if ends { &[Token::Assign, Token::Bad] } else { &[Token::Assign, Token::Bad, Token::Semi(Semi::Written)] };
        self.replace(self.unexpected(", expected := or = or comma"), to, insert)
    }

    /// Something between the entries of a list.
    fn list(&self) -> Option<Repair> {
        if !self.wants(",") {
            return None;
        }
        Some(match self.inside {
            Inside::Args => self.close(" in argument list; possibly missing comma or )", Token::RParen),
            Inside::Literal => self.close(" in composite literal; possibly missing comma or }", Token::RBrace),
            Inside::Params => self.close(" in parameter list; possibly missing comma or )", Token::RParen),
            Inside::TypeParams if self.is_type_parameter_list() => {
                self.close(" in parameter list; possibly missing comma or ]", Token::RBrack)
            }
            Inside::Index if self.wants(":") => {
                let to = self.sync(|t| matches!(t, Token::Comma | Token::Colon | Token::RBrack));
                let there = matches!(self.found(to), Some(Token::Comma | Token::Colon | Token::RBrack));
                let insert: &[Token] = if there { &[] } else { &[Token::RBrack] };
                self.replace(self.unexpected(", expected comma, : or ]"), to, insert)
            }
            _ => return None,
        })
    }

    /// Whether the brackets hold type parameters for certain, rather than the length of an array.
    fn is_type_parameter_list(&self) -> bool {
        let c = self.context;
        let Some(open) = c.open_before(c.at) else { return false };
        let declares_func = open.checked_sub(2).and_then(|i| c.token(i)) != Some(Token::Type);
        declares_func || c.tokens.get(open..c.at).is_some_and(|t| t.iter().any(|t| t.token == Token::TypeParam))
    }

    /// A single token that is missing.
    fn wanted(&self) -> Repair {
        let c = self.context;
        if self.wants("literal") && !self.wants("!") && !self.wants(";") {
            let to = self.sync(|t| matches!(t, Token::Semi(_) | Token::RParen));
            let insert = [Token::Literal(crate::compiler::syntax::ast::LitKind::String)];
            return self.replace(self.says("missing import path"), to, &insert);
        }
        let declares_func = self.declares_func();
        if self.wants("name") && self.wants("(") && c.before(1) == Some(Token::Dot) {
            let to = self.sync(|t| matches!(t, Token::Semi(_) | Token::RParen));
            return self.replace(self.unexpected(", expected name or ("), to, &[Token::Name]);
        }
        if self.wants("name") && declares_func {
            let what = if self.wants("(") { ", expected name or (" } else { ", expected name" };
            let to = self.sync(|t| matches!(t, Token::LBrace | Token::Semi(_)));
            return self.replace(self.unexpected(what), to, &[Token::Name, Token::LParen, Token::RParen]);
        }
        let group = self.inside == Inside::Group && self.token.is_some();
        if self.wants("name") && (group || matches!(c.before(1), Some(Token::Const | Token::Var | Token::Type))) {
            return self.replace(self.unexpected(", expected name"), c.at + 1, &[Token::Name]);
        }
        const WANTED: &[(&str, Token, &str)] = &[
            (")", Token::RParen, ")"),
            ("result)", Token::RParen, ")"),
            ("]", Token::RBrack, "]"),
            (":", Token::Colon, ":"),
            ("(", Token::LParen, "("),
            ("[", Token::LBrack, "["),
            ("{", Token::LBrace, "{"),
            ("}", Token::RBrace, "}"),
            ("name", Token::Name, "name"),
            ("chan", Token::Chan, "keyword chan"),
            ("=", Token::Assign, "="),
            (":=", Token::Define, ":="),
        ];
        match WANTED.iter().find(|(terminal, ..)| self.wants(terminal)) {
            Some(&(_, token, words)) => {
                self.replace(self.unexpected(&format!(", expected {words}")), c.at + 1, &[token])
            }
            None => self.replace(self.unexpected(""), c.at + 1, &[]),
        }
    }

    /// Whether the name of a declared function is missing.
    fn declares_func(&self) -> bool {
        let c = self.context;
        let receiver = || c.open_before(c.at - 1).is_some_and(|o| o > 0 && c.token(o - 1) == Some(Token::FuncDecl));
        c.before(1) == Some(Token::FuncDecl) || (c.before(1) == Some(Token::RParen) && receiver())
    }
}
