//! The names in the tree, and where they stand.

/// One name as it stands in the tree; hooks/edits.rhai says what takes its place.
#[derive(Debug, PartialEq, Eq)]
pub struct Word {
    /// Its text.
    pub text: &'static str,
}

/// All names, in the sequence in which they are replaced.
pub const WORDS: &[Word] = &[
    Word {
        text: "order-service",
    },
    Word { text: "orders" },
    Word { text: "Orders" },
    Word { text: "order" },
    Word { text: "Order" },
    Word { text: "acme" },
];

/// What only looks like a name and is kept, as hooks/edits.rhai has it.
pub const KEPT: &[&str] = &[
    "order_by",
    "Ordered",
    "Ordering",
    "border",
    "in order to",
    "ordered",
    "ordering",
    "orderly",
    "reorder",
];

/// A name as it was found.
pub struct Found<'a> {
    /// Where it begins.
    pub at: usize,
    /// Which one.
    pub word: &'static Word,
    /// What stands before it.
    pub before: &'a str,
    /// What stands behind it.
    pub after: &'a str,
}

impl Found<'_> {
    /// Whether it is only part of another word, such as "border".
    pub fn is_accident(&self) -> bool {
        let pascal = self.word.text.starts_with(char::is_uppercase);
        let before = self.before.chars().next_back();
        let mut after = self.after.chars();
        let next = after.next();
        let glued_before = before.is_some_and(|c| {
            if pascal {
                c.is_ascii_uppercase()
            } else {
                c.is_ascii_alphanumeric()
            }
        });
        glued_before || next.is_some_and(|c| c.is_ascii_lowercase())
    }

    /// Whether an article stands before it that does not follow the noun: `an` before
    /// the resource is replaced with it.
    pub fn has_article(&self) -> bool {
        let before = self.before.trim_end_matches(['`', '"', '[', '*', '\'']);
        let quote = &self.before[before.len()..];
        let Some(before) = before.strip_suffix(' ') else {
            return false;
        };
        let last = before
            .rsplit(|c: char| !c.is_alphanumeric())
            .next()
            .unwrap_or_default();
        match last {
            "an" | "An" => self.word.text != "order" || !matches!(quote, "" | "`"),
            "a" | "A" => true,
            _ => false,
        }
    }
}

/// Every name in `text`.
pub fn find(text: &str) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(first) = rest.chars().next() else {
            break;
        };
        let kept = KEPT.iter().find(|kept| rest.starts_with(**kept));
        match WORDS.iter().find(|word| rest.starts_with(word.text)) {
            _ if kept.is_some() => at += kept.map_or(0, |kept| kept.len()),
            Some(word) => {
                let (before, after) = (&text[..at], &rest[word.text.len()..]);
                found.push(Found {
                    at,
                    word,
                    before,
                    after,
                });
                at += word.text.len();
            }
            None => at += first.len_utf8(),
        }
    }
    found
}

/// `text` with every name replaced by what `by` says.
pub fn replace(text: &str, by: impl Fn(&'static Word) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for found in find(text) {
        out.push_str(&text[end..found.at]);
        out.push_str(&by(found.word));
        end = found.at + found.word.text.len();
    }
    out.push_str(&text[end..]);
    out
}

/// `text` with the article before the resource that `noun` takes.
#[must_use]
pub fn with_article(text: &str, noun: &str) -> String {
    let mut out = text.to_owned();
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        return out;
    }
    let wrong = find(text).into_iter().filter_map(|found| {
        let before = found.before.strip_suffix('`').unwrap_or(found.before);
        let article = before.strip_suffix("n ")?;
        let is_article = article.ends_with(['a', 'A']);
        (found.word.text == "order" && is_article).then_some(article.len())
    });
    // From the end, so that what is before stays where it is.
    for at in wrong.collect::<Vec<_>>().into_iter().rev() {
        out.remove(at);
    }
    out
}

/// `purchase_order` as `PurchaseOrder`.
pub fn pascal(snake: &str) -> String {
    snake
        .split('_')
        .flat_map(|word| {
            let mut chars = word.chars();
            let first = chars.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(chars)
        })
        .collect()
}

/// `PurchaseOrder` as `purchase_order`, if it is written so.
pub fn snake(pascal_case: &str) -> Option<String> {
    let mut out = String::new();
    for c in pascal_case.chars() {
        if c.is_ascii_uppercase() {
            if !out.is_empty() {
                out.push('_');
            }
            out.push(c.to_ascii_lowercase());
        } else {
            out.push(c);
        }
    }
    (is_snake(&out) && pascal(&out) == pascal_case).then_some(out)
}

/// Whether hooks/words.rhai lets `text` be a noun.
pub fn is_snake(text: &str) -> bool {
    text.split('_').enumerate().all(|(index, word)| {
        let letters = if index == 0 { 1 } else { 2 };
        word.len() >= letters
            && word
                .chars()
                .enumerate()
                .all(|(at, c)| c.is_ascii_lowercase() || (at >= letters && c.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hook_keeps_the_same_words() {
        let hook = include_str!("../../hooks/edits.rhai");
        let list = KEPT
            .iter()
            .map(|word| format!("{word:?}"))
            .collect::<Vec<_>>()
            .join(", ");
        assert!(hook.contains(&format!("fn kept() {{ [{list}] }}")));
        for word in WORDS {
            assert!(
                hook.contains(&format!("[{:?}, ", word.text)),
                "{}",
                word.text
            );
        }
    }

    #[test]
    fn what_only_looks_like_a_name_is_none() {
        for text in ["order_by", "std::cmp::Ordering", "in order to", "borders"] {
            assert!(find(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_article_is_the_nouns() {
        let text = "an order, an `order`, an orderly end";
        assert_eq!(with_article(text, "invoice"), text);
        let other = "a order, a `order`, an orderly end";
        assert_eq!(with_article(text, "parcel"), other);
    }

    #[test]
    fn an_article_follows_the_resource_alone() {
        let wrong = |text: &str| find(text).iter().any(Found::has_article);
        assert!(!wrong("an order") && !wrong("An `order`") && !wrong("the order"));
        assert!(wrong("a order") && wrong("an Order") && wrong("an acme"));
    }
}
