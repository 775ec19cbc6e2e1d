//! The words of an expression.

/// A word, a literal or a sign.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Int(i64),
    /// Too large for an int but for the least one, which has a minus before it.
    Least,
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Sign(&'static str),
}

const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "?", ":", "+", "-", "*", "/", "%", "(", ")",
    "[", "]", "{", "}", ".", ",",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else {
            return Ok(tokens);
        };
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after);
            continue;
        }
        let (token, after) = if let Some((token, after)) = quoted(rest)? {
            (token, after)
        } else if first.is_ascii_digit()
            || first == '.' && rest[1..].starts_with(|it: char| it.is_ascii_digit())
        {
            number(rest)?
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|it: char| !it.is_ascii_alphanumeric() && it != '_');
            let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
            (Token::Name(name.to_owned()), after)
        } else if first == '`' {
            let Some((name, after)) = rest[1..].split_once('`') else {
                return Err("a name in backquotes does not end".to_owned());
            };
            (Token::Name(name.to_owned()), after)
        } else {
            let Some(sign) = SIGNS.iter().find(|it| rest.starts_with(**it)) else {
                return Err(format!("{first:?} has no meaning"));
            };
            (Token::Sign(sign), &rest[sign.len()..])
        };
        tokens.push(token);
        rest = after;
    }
}

fn number(text: &str) -> Result<(Token, &str), String> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let end = digits.find(|it: char| !it.is_ascii_hexdigit());
        let (digits, after) = digits.split_at(end.unwrap_or(digits.len()));
        let wrong = |_| format!("0x{digits} is no number");
        return match after.strip_prefix(['u', 'U']) {
            Some(after) => u64::from_str_radix(digits, 16)
                .map(|it| (Token::Uint(it), after))
                .map_err(wrong),
            None => i64::from_str_radix(digits, 16)
                .map(|it| (Token::Int(it), after))
                .map_err(wrong),
        };
    }
    let mut end = 0;
    let bytes = text.as_bytes();
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    end = digits(end);
    let mut double = false;
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        double = true;
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = matches!(bytes.get(end + 1), Some(b'+' | b'-'));
        let from = end + 1 + usize::from(sign);
        if digits(from) > from {
            double = true;
            end = digits(from);
        }
    }
    let (digits, after) = text.split_at(end);
    let wrong = || format!("{digits} is out of range");
    if double {
        let value = digits.parse().map_err(|_| wrong())?;
        return Ok((Token::Double(value), after));
    }
    if let Some(after) = after.strip_prefix(['u', 'U']) {
        let value = digits.parse().map_err(|_| wrong())?;
        return Ok((Token::Uint(value), after));
    }
    if digits == "9223372036854775808" {
        return Ok((Token::Least, after));
    }
    let value = digits.parse().map_err(|_| wrong())?;
    Ok((Token::Int(value), after))
}

/// A text or bytes in quotes.
fn quoted(text: &str) -> Result<Option<(Token, &str)>, String> {
    let prefix = text.find(['\'', '"']).unwrap_or(text.len()).min(3);
    let (prefix, body) = text.split_at(prefix);
    let lower = prefix.to_ascii_lowercase();
    let (raw, bytes) = match lower.as_str() {
        "" => (false, false),
        "r" => (true, false),
        "b" => (false, true),
        "rb" | "br" => (true, true),
        _ => return Ok(None),
    };
    let Some(quote) = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|it| body.starts_with(it))
    else {
        return Ok(None);
    };
    let body = &body[quote.len()..];
    let mut end = 0;
    loop {
        let Some(found) = body[end..].chars().next() else {
            return Err("a text in quotes does not end".to_owned());
        };
        if body[end..].starts_with(quote) {
            break;
        }
        end += found.len_utf8();
        if found == '\\' && !raw {
            end += body[end..].chars().next().map_or(0, char::len_utf8);
        }
    }
    let (body, after) = (&body[..end], &body[end + quote.len()..]);
    let token = if raw && bytes {
        Token::Bytes(body.as_bytes().to_vec())
    } else if raw {
        Token::Text(body.to_owned())
    } else {
        let unescaped = unescape(body, bytes)?;
        if bytes {
            Token::Bytes(unescaped)
        } else {
            Token::Text(String::from_utf8_lossy(&unescaped).into_owned())
        }
    };
    Ok(Some((token, after)))
}

fn unescape(text: &str, bytes: bool) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.extend(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        let letter = rest.chars().next().unwrap_or_default();
        let (start, length, radix) = match letter {
            'x' | 'X' => (1, 2, 16),
            'u' => (1, 4, 16),
            'U' => (1, 8, 16),
            '0'..='3' => (0, 3, 8),
            _ => (0, 0, 0),
        };
        if length > 0 {
            let digits = rest.get(start..start + length);
            let number = digits.and_then(|it| u32::from_str_radix(it, radix).ok());
            let number = number.ok_or_else(|| format!("\\{letter} lacks digits"))?;
            if bytes && !matches!(letter, 'u' | 'U') {
                // One byte, whatever it stands for.
                out.push(u8::try_from(number).map_err(|_| "a byte is too large")?);
            } else {
                let letter = char::from_u32(number);
                let letter = letter.ok_or_else(|| format!("{number:#x} is no character"))?;
                out.extend(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            rest = &rest[start + length..];
            continue;
        }
        out.push(match letter {
            'a' => 0x07,
            'b' => 0x08,
            'f' => 0x0c,
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'v' => 0x0b,
            '\\' => b'\\',
            '\'' => b'\'',
            '"' => b'"',
            '`' => b'`',
            '?' => b'?',
            _ => return Err(format!("\\{letter} has no meaning")),
        });
        rest = &rest[letter.len_utf8()..];
    }
    out.extend(rest.as_bytes());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_as_cel_writes_them() {
        for (text, expected) in [
            ("12u", Token::Uint(12)),
            ("0x1f", Token::Int(31)),
            (".5", Token::Double(0.5)),
            ("1e3", Token::Double(1000.0)),
            (r"'a\'\u00e9\n'", Token::Text("a'é\n".to_owned())),
            (r"r'\d'", Token::Text(r"\d".to_owned())),
            (r"b'\xffé'", Token::Bytes(vec![0xff, 0xc3, 0xa9])),
            ("'''it's'''", Token::Text("it's".to_owned())),
        ] {
            assert_eq!(tokens(text), Ok(vec![expected]), "{text}");
        }
        for wrong in ["'a", r"'\q'", "99999999999999999999", "#"] {
            assert!(tokens(wrong).is_err(), "{wrong}");
        }
    }
}
