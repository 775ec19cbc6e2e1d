//! Maven artifacts: of Java, and of Kotlin's stubs beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use contract::service_config::Timeouts;

use super::api::Api;
use super::command::{command, run};
use super::plugin::{self, write};
use super::text::filled;
use crate::Error;

/// Of what grpc-java is generated and run with.
const GRPC_JAVA: &str = "1.83.1";
const GRPC_KOTLIN: &str = "1.5.0";
/// Of protoc; protobuf-java has a 4 before it, as protoc's artifact has.
const PROTOBUF: &str = "4.34.2";

const FILES: [(&str, &str); 8] = [
    ("pom.xml", include_str!("java/pom.xml.txt")),
    ("README.md", include_str!("java/README.md")),
    ("client/pom.xml", include_str!("java/client/pom.xml.txt")),
    ("kotlin/pom.xml", include_str!("java/kotlin/pom.xml.txt")),
    (
        "Connection.java",
        include_str!("java/client/Connection.java.txt"),
    ),
    ("Errors.java", include_str!("java/client/Errors.java.txt")),
    ("Watch.kt", include_str!("java/kotlin/Watch.kt.txt")),
    ("Watch.java", include_str!("java/client/Watch.java.txt")),
];

const NEEDS: &str = "a JDK of 11 or newer, and Maven";

/// Makes it; what is installed is in `repository`, laid out as Maven has it.
pub(super) fn make(api: &Api, folder: &Path, tools: &Path) -> Result<PathBuf, Error> {
    let tools = tools.join("java");
    let platform = platform()?;
    let exe = format!(":exe:{platform}");
    let protoc = tool(&tools, "com.google.protobuf:protoc", PROTOBUF, &exe)?;
    let grpc = tool(&tools, "io.grpc:protoc-gen-grpc-java", GRPC_JAVA, &exe)?;
    let kotlin = "io.grpc:protoc-gen-grpc-kotlin";
    let kotlin = tool(&tools, kotlin, GRPC_KOTLIN, ":jar:jdk8")?;

    let api = &for_java(api);
    let sources = folder.join("client/src/main/java");
    make_folder(&sources)?;
    let set = folder.join("api.bin");
    fs::write(&set, api.descriptor_set()?).map_err(|error| Error::io(&set, &error))?;
    let mut messages = command(&protoc, &sources);
    messages.arg(format!("--descriptor_set_in={}", set.display()));
    run(messages.arg("--java_out=.").args(api.own()), NEEDS)?;
    fs::remove_file(&set).map_err(|error| Error::io(&set, &error))?;
    plugin::generate(&grpc, api, api.own(), "@generated=omit", &sources)?;
    let mut java = Command::new("java");
    java.arg("-jar").arg(&kotlin);
    let stubs = folder.join("kotlin/src/main/kotlin");
    make_folder(&stubs)?;
    plugin::generate_by(java, api, api.own(), "", &stubs)?;

    let package = package(api);
    let place = package.replace('.', "/");
    for (name, text) in FILES {
        let text = filled(text, api)
            .replace("{{java_package}}", &package)
            .replace("{{grpc_java}}", GRPC_JAVA)
            .replace("{{grpc_kotlin}}", GRPC_KOTLIN)
            .replace("{{protobuf_java}}", PROTOBUF);
        let kind = Path::new(name).extension().and_then(|it| it.to_str());
        let path = match kind {
            Some("java") => sources.join(&place).join(name),
            Some("kt") => stubs.join(&place).join(name),
            _ => folder.join(name),
        };
        write(&path, &text)?;
    }
    let config = api.service_config(Timeouts::Include)?;
    let resources = folder.join("client/src/main/resources");
    let name = format!("{place}/service_config.json");
    write(&resources.join(name), &config)?;

    let repository = folder.join("repository");
    let mut maven = command("mvn", folder);
    let to = format!(
        "-DaltDeploymentRepository=trial::file://{}",
        repository.display()
    );
    run(maven.args(["-B", "-q", "-ntp", "deploy"]).arg(to), NEEDS)?;
    for module in ["client", "kotlin"] {
        // What Maven leaves behind.
        let _ = fs::remove_dir_all(folder.join(module).join("target"));
    }
    Ok(repository)
}

/// Where the helpers are: `GROUP.orderservice.client`.
fn package(api: &Api) -> String {
    let name: String = api.name.split(['-', '_']).collect();
    format!("{}.{name}.client", api.maven_group())
}

/// With what Java wants said of each file: a class for each message, and a
/// package, where the .proto names none.
fn for_java(api: &Api) -> Api {
    let mut api = api.clone();
    let (own, helpers) = (api.own(), package(&api));
    for file in &mut api.files.file {
        if own.iter().any(|it| it == file.name()) {
            let nowhere = file.package().is_empty();
            let options = file.options.get_or_insert_default();
            options.java_multiple_files = Some(true);
            if nowhere && options.java_package.is_none() {
                options.java_package = Some(helpers.clone());
            }
        }
    }
    api
}

/// A program of Maven's, as an executable file.
fn tool(folder: &Path, artifact: &str, version: &str, kind: &str) -> Result<PathBuf, Error> {
    let name = artifact.rsplit(':').next().unwrap_or(artifact);
    let mut parts = kind.trim_start_matches(':').split(':');
    let (kind_of, classifier) = (parts.next().unwrap_or_default(), parts.next());
    let classifier = classifier.unwrap_or_default();
    let path = folder.join(format!("{name}-{version}-{classifier}.{kind_of}"));
    if !path.exists() {
        make_folder(folder)?;
        let mut maven = command("mvn", folder);
        maven
            .args(["-B", "-q", "-ntp"])
            .arg("org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy")
            .arg(format!("-Dartifact={artifact}:{version}{kind}"))
            .arg(format!("-DoutputDirectory={}", folder.display()));
        run(&mut maven, NEEDS)?;
        executable(&path)?;
    }
    Ok(path)
}

#[cfg(unix)]
fn executable(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt as _;
    let all = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, all).map_err(|error| Error::io(path, &error))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> Result<(), Error> {
    Ok(())
}

/// As Maven's artifacts of programs call this machine.
fn platform() -> Result<String, Error> {
    use std::env::consts::{ARCH, OS};
    let system = match OS {
        "linux" => "linux",
        "macos" => "osx",
        "windows" => "windows",
        other => return Err(Error::new(format!("there is no protoc for {other}"))),
    };
    let architecture = if ARCH == "aarch64" { "aarch_64" } else { ARCH };
    Ok(format!("{system}-{architecture}"))
}

fn make_folder(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|error| Error::io(path, &error))
}
