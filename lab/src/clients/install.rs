//! Makes a language's package, and a program beside it that depends on it as
//! any would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};
use tool::Project;
use tool::command::{self, Language, Made, Packages};
use xtask::tree;

use super::packages::Runner;

const GO: &str = include_str!("runners/main.go");
const PYTHON: &str = include_str!("runners/main.py");
const NODE: &str = include_str!("runners/main.js");
const JAVA: [(&str, &str); 4] = [
    ("pom.xml", include_str!("runners/java/pom.xml")),
    (
        "src/main/java/Caller.java",
        include_str!("runners/java/Caller.java"),
    ),
    (
        "src/main/java/Main.java",
        include_str!("runners/java/Main.java"),
    ),
    (
        "src/main/kotlin/Coroutines.kt",
        include_str!("runners/java/Coroutines.kt"),
    ),
];
const RUST: [(&str, &str); 2] = [
    ("Cargo.toml", include_str!("runners/rust/Cargo.toml.txt")),
    ("src/main.rs", include_str!("runners/rust/main.rs")),
];

/// What is compiled, and what is checked by mypy: a wrong type is an error.
const TYPES: [&str; 2] = [
    include_str!("runners/use.ts"),
    include_str!("runners/use.py"),
];

/// Makes a language's package, and a program beside it that depends on it as
/// any would.
pub(super) fn install(language: Language) -> Result<(Made, Runner)> {
    let out = tree::target().join("clients/packages");
    let packages = Packages {
        languages: vec![language],
        out: Some(out),
        go_module: None,
        maven_group: None,
    };
    let made = command::clients(&Project::new(tree::root()), &packages)
        .map_err(|error| anyhow!("{error}"))?;
    let made = made.into_iter().next().context("a package")?;
    let package = &made.package;
    let folder = runner(language);
    fs::create_dir_all(&folder)?;
    let command = match language {
        Language::Go => go(package, &folder)?,
        Language::Python => python(package, &folder)?,
        Language::Node => node(package, &folder)?,
        Language::Java => java(package, &folder)?,
        Language::Rust => rust(&folder)?,
    };
    Ok((made, Runner { command, folder }))
}

/// Where a language's program is.
fn runner(language: Language) -> PathBuf {
    tree::target().join("clients/runners").join(language.name())
}

fn go(package: &Path, folder: &Path) -> Result<Vec<String>> {
    fs::write(folder.join("main.go"), GO)?;
    let package = package.display();
    fs::write(
        folder.join("go.mod"),
        format!(
            "module runner\n\ngo 1.26.0\n\nrequire (\n\tgithub.com/google/uuid v1.6.0\n\t\
             order-service-client v0.0.0\n)\n\nreplace order-service-client => {package}\n"
        ),
    )?;
    step(folder, "go", &["mod", "tidy"])?;
    step(folder, "go", &["build", "-o", "runner", "."])?;
    Ok(vec![folder.join("runner").display().to_string()])
}

fn python(package: &Path, folder: &Path) -> Result<Vec<String>> {
    fs::write(folder.join("main.py"), PYTHON)?;
    step(folder, "python3", &["-m", "venv", "env"])?;
    let package = package.display().to_string();
    let pip = [
        "-m",
        "pip",
        "install",
        "-q",
        "grpcio==1.85.1",
        "grpcio-status==1.85.1",
    ];
    step(folder, "env/bin/python", &pip)?;
    let pip = [
        "-m",
        "pip",
        "install",
        "-q",
        "--force-reinstall",
        "--no-deps",
        &package,
    ];
    step(folder, "env/bin/python", &pip)?;
    fs::write(folder.join("use.py"), TYPES[1])?;
    let pip = [
        "-m",
        "pip",
        "install",
        "-q",
        "mypy==1.18.2",
        "types-grpcio==1.85.0.20261028",
        "types-protobuf==7.35.1.20260906",
    ];
    step(folder, "env/bin/python", &pip)?;
    step(folder, "env/bin/mypy", &["--strict", "use.py"])?;
    let python = folder.join("env/bin/python").display().to_string();
    Ok(vec![python, "main.py".to_owned()])
}

fn node(package: &Path, folder: &Path) -> Result<Vec<String>> {
    fs::write(folder.join("main.js"), NODE)?;
    fs::write(
        folder.join("package.json"),
        "{\"private\": true, \"type\": \"module\"}\n",
    )?;
    let package = package.display().to_string();
    let npm = [
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--no-save",
        &package,
    ];
    let connect = [
        "@connectrpc/connect@2.3.0",
        "@connectrpc/connect-node@2.3.0",
    ];
    step(folder, "npm", &[&npm[..], &connect].concat())?;
    fs::write(folder.join("use.ts"), TYPES[0])?;
    // The generator brings it.
    let typescript = tree::target().join("clients/packages/tools/node/node_modules/.bin/tsc");
    let options = ["--noEmit", "--strict", "--skipLibCheck"];
    let node = ["--module", "nodenext", "--target", "es2022", "use.ts"];
    let typescript = typescript.display().to_string();
    step(folder, &typescript, &[&options[..], &node].concat())?;
    Ok(vec!["node".to_owned(), "main.js".to_owned()])
}

fn java(repository: &Path, folder: &Path) -> Result<Vec<String>> {
    write(folder, &JAVA)?;
    // What Maven keeps of an earlier package of the same version is not this one.
    let local = repository.display().to_string();
    let purge = [
        "-B",
        "-q",
        "-ntp",
        "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:purge-local-repository",
        "-DmanualInclude=acme:order-service-client,acme:order-service-client-kotlin",
        "-DreResolve=false",
        "-DactTransitively=false",
    ];
    let repository = format!("-Drepository={local}");
    step(folder, "mvn", &[&purge[..], &[&repository]].concat())?;
    step(folder, "mvn", &["-B", "-q", "-ntp", "compile", &repository])?;
    let classes = ["target/classes", "target/dependency/*"];
    let classes = classes.map(|it| folder.join(it).display().to_string());
    let command = ["java", "-cp", &classes.join(":"), "Main"];
    Ok(command.map(str::to_owned).to_vec())
}

fn rust(folder: &Path) -> Result<Vec<String>> {
    write(folder, &RUST)?;
    // Where the package was tried is all that it needs compiled.
    let target = tree::target().join("clients/packages/tools/rust");
    let place = target.display().to_string();
    step(
        folder,
        "cargo",
        &["build", "--quiet", "--target-dir", &place],
    )?;
    Ok(vec![target.join("debug/runner").display().to_string()])
}

fn write(folder: &Path, files: &[(&str, &str)]) -> Result<()> {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, text)?;
    }
    Ok(())
}

fn step(folder: &Path, program: &str, arguments: &[&str]) -> Result<()> {
    let path = if program.contains('/') {
        folder.join(program)
    } else {
        program.into()
    };
    let output = Command::new(path)
        .args(arguments)
        .current_dir(folder)
        .output()
        .with_context(|| format!("{program} cannot be run; install it"))?;
    let said = [output.stderr, output.stdout].concat();
    let said = String::from_utf8_lossy(&said);
    let arguments = arguments.join(" ");
    ensure!(
        output.status.success(),
        "`{program} {arguments}` failed: {said}"
    );
    Ok(())
}
