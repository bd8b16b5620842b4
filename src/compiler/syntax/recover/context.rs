//! Where in the text the parser stopped: the brackets around a token, told from the tokens before it.

use crate::compiler::syntax::lexer::Spanned;
use crate::compiler::syntax::token::Token;

/// What a pair of brackets holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// No brackets: the item itself.
    Item,
    /// Parameters, results or a receiver.
    Params,
    /// Parameters of a type or function.
    TypeParams,
    /// The arguments of a call or conversion.
    Args,
    /// An expression or type in parentheses.
    Parens,
    /// The specifications of a declaration.
    Group,
    /// An index, slice bounds or type arguments.
    Index,
    /// The length of an array or the key of a map.
    Length,
    /// The elements of a composite literal.
    Literal,
    /// Struct fields.
    Struct,
    /// Interface elements.
    Interface,
    /// Statements.
    Block,
}

/// The tokens of the item that failed, up to the token where it did.
#[derive(Clone, Copy)]
pub struct Context<'t> {
    /// All tokens.
    pub tokens: &'t [Spanned],
    /// First token of the item.
    pub start: usize,
    /// Token at which the parser stopped; may be one past the last.
    pub at: usize,
}

impl<'t> Context<'t> {
    /// The token at `index`, if it belongs to the item or follows it.
    pub fn token(&self, index: usize) -> Option<Token> {
        self.tokens.get(index).filter(|_| index >= self.start).map(|t| t.token)
    }

    /// The token `n` before where the parser stopped.
    pub fn before(&self, n: usize) -> Option<Token> {
        self.at.checked_sub(n).and_then(|i| self.token(i))
    }

    /// The opening bracket around `index`.
    pub fn open_before(&self, index: usize) -> Option<usize> {
        let mut depth = 0usize;
        for i in (self.start..index.min(self.tokens.len())).rev() {
            match self.token(i)? {
                Token::RParen | Token::ResultRParen | Token::RBrack | Token::RBrace => depth += 1,
                Token::LParen | Token::LBrack | Token::LBrace | Token::BlockLBrace => match depth.checked_sub(1) {
                    Some(less) => depth = less,
                    None => return Some(i),
                },
                _ => {}
            }
        }
        None
    }

    /// The innermost brackets around where the parser stopped.
    pub fn inside(&self) -> Inside {
        self.open_before(self.at).map_or(Inside::Item, |open| self.kind(open))
    }

    /// What the brackets hold that open at `open`.
    pub fn kind(&self, open: usize) -> Inside {
        let before = |n: usize| open.checked_sub(n).and_then(|i| self.token(i));
        let ends_operand = before(1).is_some_and(|t| t.ends_operand() || t == Token::ResultRParen);
        match self.token(open) {
            Some(Token::LParen) => match before(1) {
                Some(Token::Func | Token::FuncDecl | Token::ResultRParen) => Inside::Params,
                Some(Token::Import | Token::Const | Token::Var | Token::Type) => Inside::Group,
                _ if self.is_signature(open) => Inside::Params,
                _ if ends_operand => Inside::Args,
                _ => Inside::Parens,
            },
            Some(Token::LBrack) => match before(2) {
                Some(Token::FuncDecl | Token::Type) => Inside::TypeParams,
                _ if self.is_signature(open) => Inside::TypeParams,
                _ if ends_operand => Inside::Index,
                _ => Inside::Length,
            },
            Some(Token::LBrace) => match before(1) {
                Some(Token::Struct) => Inside::Struct,
                Some(Token::Interface) => Inside::Interface,
                _ if self.is_block(open) => Inside::Block,
                _ => Inside::Literal,
            },
            _ => Inside::Block,
        }
    }

    /// Whether the bracket belongs to the head of a declared function or to a method of an interface.
    fn is_signature(&self, open: usize) -> bool {
        match self.open_before(open) {
            None => {
                let brace = (self.start..open).any(|i| {
                    self.token(i) == Some(Token::LBrace)
                        && self.open_before(i).is_none()
                        && self.kind(i) == Inside::Block
                });
                self.token(self.start) == Some(Token::FuncDecl) && !brace
            }
            Some(outer) => outer.checked_sub(1).and_then(|i| self.token(i)) == Some(Token::Interface),
        }
    }

    /// Whether `{` at `open` holds statements: what is before it cannot be the type of a literal.
    fn is_block(&self, open: usize) -> bool {
        let mut depth = 0usize;
        for i in (self.start..open).rev() {
            let Some(token) = self.token(i) else { return true };
            match token {
                Token::RParen | Token::ResultRParen | Token::RBrack | Token::RBrace => depth += 1,
                Token::LParen | Token::LBrack | Token::LBrace | Token::BlockLBrace => match depth.checked_sub(1) {
                    Some(less) => depth = less,
                    None => {
                        return i + 1 == open
                            && matches!(token, Token::LBrace | Token::BlockLBrace)
                            && self.is_block(i);
                    }
                },
                _ if depth > 0 => {}
                Token::Func | Token::FuncDecl | Token::Else => return true,
                Token::Semi(_) => return i + 1 == open,
                Token::Colon => {
                    return i + 1 == open && self.open_before(i).is_some_and(|o| self.kind(o) == Inside::Block);
                }
                Token::Assign | Token::Define | Token::Comma | Token::Return => return false,
                _ => {}
            }
        }
        open == self.start
    }

    /// Whether the token stands in the body of a function.
    pub fn in_function(&self) -> bool {
        let mut open = self.open_before(self.at);
        while let Some(i) = open {
            if self.kind(i) == Inside::Block {
                return true;
            }
            open = self.open_before(i);
        }
        false
    }

    /// The keyword in whose header the token stands, and how many semicolons lie between.
    pub fn header(&self) -> Option<(Token, usize, bool)> {
        let (mut depth, mut semicolons, mut range) = (0usize, 0, false);
        for i in (self.start..self.at).rev() {
            let token = self.token(i)?;
            match token {
                Token::RParen | Token::ResultRParen | Token::RBrack | Token::RBrace => depth += 1,
                Token::LParen | Token::LBrack | Token::LBrace | Token::BlockLBrace => depth = depth.checked_sub(1)?,
                _ if depth > 0 => {}
                Token::Semi(_) => semicolons += 1,
                Token::Range => range = true,
                Token::If | Token::For | Token::Switch | Token::Select => return Some((token, semicolons, range)),
                _ => {}
            }
        }
        None
    }

    /// The first token from `from` on that satisfies `stop`; inside of functions also a keyword that starts a
    /// statement.
    pub fn sync(&self, from: usize, in_function: bool, stop: impl Fn(Token) -> bool) -> usize {
        let rest = self.tokens.get(from..).unwrap_or(&[]);
        let found = rest.iter().position(|t| stop(t.token) || (in_function && starts_statement(t.token)));
        found.map_or(self.tokens.len(), |n| from + n)
    }

    /// One past the bracket that closes the one at `open`.
    pub fn past_close(&self, open: usize) -> usize {
        let mut depth = 0usize;
        for (i, t) in self.tokens.iter().enumerate().skip(open) {
            match t.token {
                Token::LParen | Token::LBrack | Token::LBrace | Token::BlockLBrace => depth += 1,
                Token::RParen | Token::ResultRParen | Token::RBrack | Token::RBrace => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return i + 1;
                    }
                }
                _ => {}
            }
        }
        self.tokens.len()
    }
}

/// Keywords at which skipping inside of a function ends.
fn starts_statement(token: Token) -> bool {
    matches!(
        token,
        Token::Break
            | Token::Const
            | Token::Continue
            | Token::Defer
            | Token::Fallthrough
            | Token::For
            | Token::Go
            | Token::Goto
            | Token::If
            | Token::Return
            | Token::Select
            | Token::Switch
            | Token::Type
            | Token::Var
    )
}
