//! Services as members of a workspace that is already there.

use std::fs;

use anyhow::ensure;

use super::project::Project;
use super::stage::{Stage, remove};
use super::{Args, Row};

/// Two services in one workspace.
pub(crate) fn judge(stage: &Stage, args: &Args) -> Vec<Row> {
    let mut row = Row::new("two services in one workspace");
    let folder = stage.folder.join("workspace");
    row.check("generate", || {
        remove(&folder)?;
        fs::create_dir_all(&folder)?;
        fs::write(
            folder.join("Cargo.toml"),
            "[workspace]\nmembers = []\nresolver = \"3\"\n",
        )?;
        // What is in the lock file need not be looked up.
        fs::copy(stage.template.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        for name in ["invoice-service", "parcel-service"] {
            let args = ["--name", name].map(str::to_owned);
            stage.generate_in(&folder, "--path", &stage.template.to_string_lossy(), &args)?;
            for path in ["Cargo.lock", ".git"] {
                ensure!(
                    !folder.join(name).join(path).exists(),
                    "{name} has its own {path}"
                );
            }
        }
        Ok(())
    });
    let Ok(project) = Project::new(folder) else {
        return vec![row];
    };
    row.check("metadata", || {
        project.cargo(&["metadata", "--format-version=1"])
    });
    row.check("fmt", || project.cargo(&["fmt", "--all"]));
    if args.quick {
        return vec![row];
    }
    row.check("check", || {
        project.cargo(&["check", "--workspace", "--all-targets"])
    });
    if args.long {
        row.check("test", || project.cargo(&["test", "--workspace"]));
    }
    vec![row]
}
