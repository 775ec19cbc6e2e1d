//! What is not as it should be.

use tool::command::check;

use super::stage::Service;

#[test]
fn conflicts_and_stale_files_are_found() {
    let service = Service::new();
    service.adopt(&["kinds"], &[]).unwrap();
    service.write("helm/files/contract.yaml", "services:\n");
    let git = std::process::Command::new("git")
        .args(["init", "--quiet"])
        .current_dir(service.folder.path())
        .status();
    assert!(git.unwrap().success());
    service.write("README.md", &format!("{} ours\n", "<".repeat(7)));
    let faults = check(&service.project()).unwrap().faults;
    assert_eq!(
        faults,
        [
            "helm/files/contract.yaml: no longer says what proto/ says; run `cargo xtask contract`",
            "README.md:1: a conflict is left; settle it",
        ]
    );
}
