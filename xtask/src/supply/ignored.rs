//! What must neither be committed nor get into an image.

/// As the README's commands, the server and people name them.
const SECRET: [&str; 5] = [".env", "*.key", "*.p12", "*.pem", "*.db"];

pub(super) fn problems(path: &str, text: &str) -> Vec<String> {
    // Docker's patterns begin at the root.
    let anywhere = if path == ".dockerignore" { "**/" } else { "" };
    SECRET
        .iter()
        .map(|pattern| format!("{anywhere}{pattern}"))
        .filter(|pattern| !text.lines().any(|line| line == pattern))
        .map(|pattern| format!("does not leave out {pattern}"))
        .collect()
}
