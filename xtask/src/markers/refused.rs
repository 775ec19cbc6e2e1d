//! Names that would collide with a module or a crate of the service.

use std::collections::BTreeSet;

use anyhow::Result;

use super::{read, render};

/// The lists of hooks/refused.rhai that follow from the shared files.
pub(crate) fn write(shared: &[String], text: &str) -> Result<String> {
    // A service's own commands are a crate as well.
    let mut projects = BTreeSet::from(["xtask".to_owned()]);
    let mut modules = BTreeSet::new();
    for path in shared {
        match path.split('/').collect::<Vec<_>>()[..] {
            ["crates", _, "Cargo.toml"] => {
                let text = read(path)?;
                let name = text.lines().find_map(|line| line.strip_prefix("name = \""));
                projects.extend(name.map(|name| name.trim_end_matches('"').to_owned()));
            }
            ["src", file] => {
                let name = file.trim_end_matches(".rs");
                if !["lib", "main", "order"].contains(&name) {
                    modules.insert(name.to_owned());
                }
            }
            _ => {}
        }
    }
    let text = render::with_list(text, "export const PROJECTS = [", &projects, "];")?;
    render::with_list(&text, "export const MODULES = [", &modules, "];")
}
