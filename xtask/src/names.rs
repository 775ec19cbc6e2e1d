//! The names in the tree, and what becomes of them.

/// One name, and the variable of hooks/pre.rhai that takes its place.
pub struct Word {
    /// As it stands in the tree.
    pub text: &'static str,
    /// What is rendered instead.
    pub variable: &'static str,
}

/// All names, in the sequence in which they are replaced.
pub const WORDS: &[Word] = &[
    // A field of every list request (AIP-132); it stays.
    Word {
        text: "order_by",
        variable: "new_order_by",
    },
    Word {
        text: "order-service",
        variable: "new_project",
    },
    Word {
        text: "orders",
        variable: "new_plural",
    },
    Word {
        text: "Orders",
        variable: "new_plural_pascal",
    },
    Word {
        text: "order",
        variable: "new_resource",
    },
    Word {
        text: "Order",
        variable: "new_resource_pascal",
    },
    Word {
        text: "acme",
        variable: "new_organisation",
    },
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

    /// Whether an article stands before it, which fits only this noun.
    pub fn has_article(&self) -> bool {
        let before = self.before.trim_end_matches(['`', '"', '[', '*', '\'']);
        let Some(before) = before.strip_suffix(' ') else {
            return false;
        };
        let last = before
            .rsplit(|c: char| !c.is_alphanumeric())
            .next()
            .unwrap_or_default();
        self.word.text != "order_by" && matches!(last, "a" | "an" | "A" | "An")
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
        match WORDS.iter().find(|word| rest.starts_with(word.text)) {
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
