//! Comments of a .proto are prose; in Rust they are Markdown, where indented
//! lines and fences without a language would be compiled as examples.

use protox::prost_reflect::prost_types::FileDescriptorProto;

/// From this indent on, Markdown takes a line for code.
const CODE: usize = 4;

/// Takes from `file`'s comments what rustdoc would compile.
pub(crate) fn as_prose(file: &mut FileDescriptorProto) {
    let locations = file.source_code_info.iter_mut();
    for location in locations.flat_map(|info| &mut info.location) {
        let own = [
            &mut location.leading_comments,
            &mut location.trailing_comments,
        ];
        for comment in own.into_iter().flatten() {
            *comment = prose(comment);
        }
    }
}

fn prose(comment: &str) -> String {
    let mut fenced = false;
    let mut out = String::with_capacity(comment.len());
    for line in comment.split_inclusive('\n') {
        let text = line.trim_start_matches([' ', '\t']);
        if let Some(language) = text.strip_prefix("```") {
            let opens = !fenced;
            fenced = opens;
            out.push_str(" ```");
            // Whatever language it names is not ours to run.
            out.push_str(if opens { "text\n" } else { language });
            continue;
        }
        let indent = line.len() - text.len();
        if fenced || indent < CODE || text.trim().is_empty() {
            out.push_str(line);
        } else {
            out.push_str("   ");
            out.push_str(text);
        }
    }
    if fenced {
        out.push_str(" ```\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    fn nothing_is_left_that_rustdoc_would_compile() {
        assert_eq!(
            prose(" Says.\n\n     let x = ;\n"),
            " Says.\n\n   let x = ;\n"
        );
        assert_eq!(prose(" ```\n a\n ```\n"), " ```text\n a\n ```\n");
        assert_eq!(prose(" ```rust\n a\n"), " ```text\n a\n ```\n");
        assert_eq!(prose(" - one\n   more\n"), " - one\n   more\n");
    }
}
