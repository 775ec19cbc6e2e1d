//! An expression's parts.

use super::token::{Token, tokens};

/// How deep an expression may be nested.
const DEEPEST: usize = 100;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::validate) enum Expr {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Name(String),
    Select(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
    /// `target.name(arguments)` or `name(arguments)`.
    Call(Option<Box<Expr>>, String, Vec<Expr>),
    List(Vec<Expr>),
    Unary(&'static str, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    Cond(Box<Expr>, Box<Expr>, Box<Expr>),
}

/// Reads an expression.
pub(in crate::validate) fn parse(text: &str) -> Result<Expr, String> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
    };
    let expr = parser.expr()?;
    match parser.tokens.get(parser.at) {
        None => Ok(expr),
        Some(token) => Err(format!("{} is not expected", shown(token))),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// From what binds least to what binds most.
const LEVELS: [&[&str]; 5] = [
    &["||"],
    &["&&"],
    &["<", "<=", ">", ">=", "==", "!=", "in"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Parser {
    fn expr(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deep".to_owned());
        }
        let test = self.binary(0)?;
        let expr = if self.eat("?") {
            let yes = self.binary(0)?;
            self.expect(":")?;
            let no = self.expr()?;
            Expr::Cond(Box::new(test), Box::new(yes), Box::new(no))
        } else {
            test
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn binary(&mut self, level: usize) -> Result<Expr, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = operators.iter().find(|it| self.is(it)) {
            self.at += 1;
            let right = self.binary(level + 1)?;
            left = Expr::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deep".to_owned());
        }
        let expr = if self.eat("!") {
            Expr::Unary("!", Box::new(self.unary()?))
        } else if self.eat("-") {
            if self.tokens.get(self.at) == Some(&Token::Least) {
                self.at += 1;
                Expr::Int(i64::MIN)
            } else {
                match self.unary()? {
                    Expr::Int(it) => Expr::Int(-it),
                    Expr::Double(it) => Expr::Double(-it),
                    other => Expr::Unary("-", Box::new(other)),
                }
            }
        } else {
            self.member()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn member(&mut self) -> Result<Expr, String> {
        let mut expr = self.primary()?;
        loop {
            if self.eat(".") {
                let name = self.name()?;
                expr = if self.eat("(") {
                    let arguments = self.list(")")?;
                    Expr::Call(Some(Box::new(expr)), name, arguments)
                } else {
                    Expr::Select(Box::new(expr), name)
                };
            } else if self.eat("[") {
                let index = self.expr()?;
                self.expect("]")?;
                expr = Expr::Index(Box::new(expr), Box::new(index));
            } else {
                return Ok(expr);
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, String> {
        let Some(token) = self.tokens.get(self.at).cloned() else {
            return Err("it ends too early".to_owned());
        };
        self.at += 1;
        Ok(match token {
            Token::Int(it) => Expr::Int(it),
            Token::Uint(it) => Expr::Uint(it),
            Token::Double(it) => Expr::Double(it),
            Token::Text(it) => Expr::Text(it),
            Token::Bytes(it) => Expr::Bytes(it),
            Token::Name(it) => match it.as_str() {
                "true" => Expr::Bool(true),
                "false" => Expr::Bool(false),
                "null" => Expr::Null,
                _ if self.eat("(") => Expr::Call(None, it, self.list(")")?),
                _ => Expr::Name(it),
            },
            Token::Sign("(") => {
                let expr = self.expr()?;
                self.expect(")")?;
                expr
            }
            Token::Sign("[") => Expr::List(self.list("]")?),
            Token::Sign("{") => return Err("maps cannot be written out".to_owned()),
            other => return Err(format!("{} is not expected", shown(&other))),
        })
    }

    fn list(&mut self, end: &'static str) -> Result<Vec<Expr>, String> {
        let mut items = Vec::new();
        while !self.eat(end) {
            items.push(self.expr()?);
            if !self.eat(",") {
                self.expect(end)?;
                break;
            }
        }
        Ok(items)
    }

    fn name(&mut self) -> Result<String, String> {
        match self.tokens.get(self.at) {
            Some(Token::Name(name)) => {
                self.at += 1;
                Ok(name.clone())
            }
            Some(token) => Err(format!("{} stands where a name should", shown(token))),
            None => Err("it ends where a name should stand".to_owned()),
        }
    }

    fn is(&self, sign: &str) -> bool {
        match self.tokens.get(self.at) {
            Some(Token::Sign(it)) => *it == sign,
            Some(Token::Name(it)) => it == sign && sign == "in",
            _ => false,
        }
    }

    fn eat(&mut self, sign: &str) -> bool {
        let is = self.is(sign);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        if self.eat(sign) {
            return Ok(());
        }
        Err(match self.tokens.get(self.at) {
            Some(token) => format!("{} stands where {sign} should", shown(token)),
            None => format!("it ends where {sign} should stand"),
        })
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Name(it) => it.clone(),
        Token::Sign(it) => (*it).to_owned(),
        Token::Int(it) => it.to_string(),
        Token::Uint(it) => format!("{it}u"),
        Token::Double(it) => it.to_string(),
        Token::Text(it) => format!("{it:?}"),
        Token::Least | Token::Bytes(_) => "a literal".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_bind_as_in_cel() {
        let same = |a: &str, b: &str| assert_eq!(parse(a), parse(b), "{a}");
        same(
            "a || b && c == d + e * -f",
            "(a || (b && (c == (d + (e * (-f))))))",
        );
        same("a ? b : c ? d : e", "a ? b : (c ? d : e)");
        same("!a.b(c)[0].d in e", "((!(((a.b(c))[0]).d)) in e)");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, expected) in [
            ("a +", "it ends too early"),
            ("(a", "it ends where ) should stand"),
            ("a b", "b is not expected"),
            ("a.1", "0.1 is not expected"),
            ("{}", "maps cannot be written out"),
        ] {
            assert_eq!(parse(text), Err(expected.to_owned()), "{text}");
        }
        assert!(parse(&"(".repeat(5000)).is_err());
        assert!(parse(&"!".repeat(5000)).is_err());
    }
}
