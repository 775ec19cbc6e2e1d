//! `add upstream`: somebody else's .proto, and a client that calls it.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::adopt::{clash, declared, needed, staged};
use crate::generated::{self, Service};
use crate::handler::{Place, root};
use crate::plan::Plan;
use crate::project::{LIBRARY, MAIN, SETTINGS, STATE, TESTS, UPSTREAMS, VALUES};
use crate::{Error, Project, imports, source, stub};

/// What an upstream has that is called otherwise where a service is so named.
const TAKEN: [&str; 1] = ["connect"];

/// What a test asks of the answer, where there is an rpc to call.
const ASKED: &str = r#"/// Passes if the stand-in was asked. A request that says nothing may break a rule of the
/// .proto: then it is refused there, before it is answered.
#[track_caller]
fn assert_asked(status: &tonic::Status, rpc: &str) {
    let details = String::from_utf8_lossy(status.details());
    let is_refused = details.contains("INVALID_FIELDS");
    let is_answered = status.message() == format!("the stand-in answers no {rpc}");
    assert!(is_refused || is_answered, "{status:?}");
}

"#;

/// An upstream that was added.
#[derive(Debug)]
pub struct Added {
    /// What was written, in the project.
    pub written: Vec<String>,
    /// What is left to whoever asked, as sentences.
    pub left: Vec<String>,
}

/// Adds the upstream `name` (lower case, words joined by `_` or `-`), whose services `files`
/// declare; what they import is looked for in `includes` and where they are. They
/// are taken as they are; a client, its setting, a value of the chart and a test
/// with a stand-in for the upstream are made.
///
/// # Errors
///
/// If the name is none or is taken, or a file is missing, wrong, clashes with one
/// that is there or declares a service that is offered here. Then nothing is
/// written.
pub fn add_upstream(
    project: &Project,
    name: &str,
    files: &[PathBuf],
    includes: &[PathBuf],
) -> Result<Added, Error> {
    let upstream = Upstream::new(name)?;
    let imports = imports::gather(files, includes, &project.path("proto"))?;
    clash(project, &imports)?;
    let staging = staged(project, &imports)?;
    let names = declared(&staging, &imports)?;
    if let Some(own) = names.iter().find(|it| staging.offers(it)) {
        return Err(Error::new(format!(
            "{own}: is offered here, and a service does not call itself; take it out of \
             proto/offered.conf if somebody else offers it"
        )));
    }
    let mut services = generated::services(&staging.offer(&[])?)?;
    services.retain(|it| names.contains(&it.name));
    if let Some(text) = project.read(&upstream.file())? {
        return upstream.again(&text, &services);
    }

    let mut plan = Plan::default();
    staging.take(&imports, &mut plan);
    let mut left = staging.left().to_vec();
    plan.write_new(upstream.file(), &upstream.client(&services));
    upstream.add_module(project, &mut plan)?;
    upstream.add_setting(project, &mut plan)?;
    upstream.add_to_state(project, &mut plan, &mut left)?;
    upstream.add_value(project, &mut plan, &mut left)?;
    upstream.add_test(project, &mut plan, &services)?;
    Ok(Added {
        written: plan.carry_out_and_derive(project)?,
        left,
    })
}

struct Upstream {
    /// Its words joined by `_`.
    name: String,
    /// `--name-endpoint`.
    flag: String,
}

impl Upstream {
    fn new(name: &str) -> Result<Self, Error> {
        let snake = name.replace('-', "_");
        let is_word = snake.starts_with(|it: char| it.is_ascii_lowercase())
            && (snake.chars())
                .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_');
        if !is_word || syn::parse_str::<syn::Ident>(&snake).is_err() {
            return Err(Error::new(format!(
                "{name}: is no name for an upstream; write it in lower case, no word of Rust, such \
                 as inventory or tax-rates"
            )));
        }
        Ok(Self {
            flag: format!("--{}-endpoint", snake.replace('_', "-")),
            name: snake,
        })
    }

    fn file(&self) -> String {
        format!("src/upstreams/{}.rs", self.name)
    }

    fn variable(&self) -> String {
        format!("{}_ENDPOINT", self.name.to_uppercase())
    }

    /// What is there may be what was asked for.
    fn again(&self, text: &str, services: &[Service]) -> Result<Added, Error> {
        let absent = services
            .iter()
            .find(|it| !text.contains(&format!("\"{}\"", it.name)));
        match absent {
            None => Ok(Added {
                written: Vec::new(),
                left: Vec::new(),
            }),
            Some(service) => Err(Error::new(format!(
                "{}: is there already, and does not call {}; add it there as the others are, or \
                 choose another name",
                self.file(),
                service.name
            ))),
        }
    }

    /// The client's file.
    fn client(&self, services: &[Service]) -> String {
        let Self { name, flag } = self;
        let mut out = format!(
            "//! The upstream `{name}`: who is called at `{flag}`. Deadline, retries by the \
             contract,\n//! propagation, balancing, TLS and telemetry are the \
             channel's.\n\n"
        );
        let mut fields = String::new();
        let mut values = String::new();
        let mut functions = String::new();
        // Writing to a string cannot fail.
        for service in services {
            let field = field(service, services);
            let module = service.server.trim_end_matches("server");
            let pb = root(&service.package.join("::"), "crate");
            let client = format!(
                "{pb}::{module}client::{}Client<chassis::boot::UpstreamChannel>",
                service.ident
            );
            let alias = pascal(&field);
            let full = &service.name;
            let _ = writeln!(
                out,
                "/// A client of `{full}`.\npub type {alias} = {client};\n"
            );
            let _ = writeln!(fields, "{field}: Option<{alias}>,");
            let _ = writeln!(values, "{field}: Some({alias}::new(channel(\"{full}\")?)),");
            let _ = writeln!(
                functions,
                "\n/// A client of `{full}`; clones share the connection.\n///\n/// # Errors\n/// \
                 `UNAVAILABLE` where `{flag}` is not set.\npub fn {field}(&self) -> \
                 Result<{alias}, tonic::Status> {{\nself.{field}.clone().ok_or_else(|| \
                 chassis::boot::not_set(\"{flag}\"))\n}}"
            );
        }
        let _ = writeln!(
            out,
            "/// Its clients, if it is set where it is.\n#[derive(Debug, Clone, Default)]\npub \
             struct Upstream {{\n{fields}}}\n\nimpl Upstream {{\n/// As the settings say. Connects \
             when first used.\n///\n/// # Errors\n/// [`chassis::exit::Fatal::usage`] if `{flag}` is \
             no address.\npub fn connect(settings: &crate::settings::Settings, telemetry: \
             &chassis::telemetry::Telemetry) -> Result<Self, chassis::exit::Fatal> {{\nlet \
             Some(endpoint) = &settings.{name}_endpoint else {{\nreturn \
             Ok(Self::default());\n}};\nlet channel = |service: &str| \
             {{\nchassis::boot::upstream(\"{flag}\", endpoint, crate::contract::UPSTREAMS, service, \
             &settings.common, telemetry)\n}};\nOk(Self {{\n{values}}})\n}}\n{functions}}}"
        );
        out
    }

    fn add_module(&self, project: &Project, plan: &mut Plan) -> Result<(), Error> {
        let before = match project.read(UPSTREAMS)? {
            Some(text) => text,
            None => "//! Who is called: one module per upstream.\n".to_owned(),
        };
        let after = source::with_module(UPSTREAMS, &before, &self.name, true)?;
        plan.write_grown(UPSTREAMS, &before, &after);
        let before = needed(plan, project, LIBRARY)?;
        let after = source::with_module(LIBRARY, &before, "upstreams", true)?;
        plan.write_grown(LIBRARY, &before, &after);
        Ok(())
    }

    fn add_setting(&self, project: &Project, plan: &mut Plan) -> Result<(), Error> {
        let before = needed(plan, project, SETTINGS)?;
        let Self { name, .. } = self;
        let variable = self.variable();
        let code = format!(
            "\n    /// Where `{name}` is called: `http://HOST:PORT`, or `https`. Without it what \
             needs\n    /// it answers UNAVAILABLE.\n    #[arg(long, env = \"{variable}\", value_name = \
             \"URL\", hide_env_values = true)]\n    pub {name}_endpoint: \
             Option<chassis::settings::SecretUrl>,"
        );
        let field = format!("{name}_endpoint");
        let after = source::with_field(SETTINGS, &before, "Settings", &field, &code)?;
        let after = after.ok_or_else(|| {
            Error::new(format!(
                "{SETTINGS}: it has no struct Settings with named fields that the setting could be \
                 added to; make one, as a new service has it"
            ))
        })?;
        plan.write_grown(SETTINGS, &before, &after);
        Ok(())
    }

    /// Where handlers find it, if there is such a place.
    fn add_to_state(
        &self,
        project: &Project,
        plan: &mut Plan,
        left: &mut Vec<String>,
    ) -> Result<(), Error> {
        let Self { name, .. } = self;
        let by_hand = format!(
            "hand it to what calls it: service::upstreams::{name}::Upstream::connect(settings, \
             boot.telemetry)? in `serve` of {MAIN}"
        );
        let (Some(state), Some(main)) = (project.read(STATE)?, project.read(MAIN)?) else {
            left.push(by_hand);
            return Ok(());
        };
        let field = format!(
            "    /// The upstream `{name}`.\n    pub {name}: crate::upstreams::{name}::Upstream,"
        );
        let value = format!(
            "        {name}: service::upstreams::{name}::Upstream::connect(settings, \
             boot.telemetry)?,"
        );
        let grown = source::with_field(STATE, &state, "State", name, &field)?;
        let made = source::with_value(MAIN, &main, "State", name, &value)?;
        let (Some(grown), Some(made)) = (grown, made) else {
            left.push(by_hand);
            return Ok(());
        };
        plan.write_grown(STATE, &state, &grown);
        plan.write_grown(MAIN, &main, &made);
        Ok(())
    }

    /// `upstreams.NAME.endpoint` of the chart.
    fn add_value(
        &self,
        project: &Project,
        plan: &mut Plan,
        left: &mut Vec<String>,
    ) -> Result<(), Error> {
        let Some(before) = project.read(VALUES)? else {
            return Ok(());
        };
        let value = format!(
            "  {}:\n    # URL that it is called at; empty: what needs it answers UNAVAILABLE.\n    \
             endpoint: \"\"\n",
            self.name
        );
        let none = "\nupstreams: {}\n";
        let some = "\nupstreams:\n";
        if let Some(at) = before.find(none) {
            let (head, tail) = (&before[..at], &before[at + none.len()..]);
            plan.write(VALUES, format!("{head}{some}{value}{tail}"));
        } else if let Some(at) = before.find(some) {
            plan.write(VALUES, source::inserted(&before, at + some.len(), &value));
        } else {
            left.push(format!(
                "{VALUES} has no `upstreams:`; its variable in the pod is {}",
                self.variable()
            ));
        }
        Ok(())
    }

    /// A test that calls it, with a stand-in for the upstream on a port.
    fn add_test(
        &self,
        project: &Project,
        plan: &mut Plan,
        services: &[Service],
    ) -> Result<(), Error> {
        let module = format!("upstream_{}", self.name);
        let path = format!("tests/api/{module}.rs");
        if project.path(&path).exists() {
            return Err(Error::new(format!(
                "{path}: is there already; move it away"
            )));
        }
        plan.write_new(path, &self.test(services));
        let before = needed(plan, project, TESTS)?;
        let after = source::with_module(TESTS, &before, &module, false)?;
        plan.write_grown(TESTS, &before, &after);
        Ok(())
    }

    fn test(&self, services: &[Service]) -> String {
        let Self { name, flag } = self;
        let mut stand_ins = String::new();
        let mut added = String::new();
        let mut calls = String::new();
        // Writing to a string cannot fail.
        for service in services {
            let pb = root(&service.package.join("::"), "service");
            let server = format!("{pb}::{}", service.server);
            let stubs: Vec<_> = (service.rpcs.iter())
                .map(|rpc| stub::stand_in(rpc, service))
                .collect();
            let _ = writeln!(
                stand_ins,
                "#[tonic::async_trait]\nimpl {server}::{} for StandIn {{\n{}}}\n",
                service.ident,
                stubs.join("\n")
            );
            let _ = write!(
                added,
                ".add_service({server}::{}Server::new(StandIn))",
                service.ident
            );
            let Some(rpc) = service.rpcs.first() else {
                continue;
            };
            let allowed = if rpc.deprecated {
                "#[allow(deprecated)]\n"
            } else {
                ""
            };
            let request = crate::handler::request(rpc, service, &pb);
            let module = service.server.trim_end_matches("server");
            let client = format!("{pb}::{module}client::{}Client", service.ident);
            let _ = writeln!(
                calls,
                "let mut client = upstream.{}().unwrap();\n{allowed}let answer = \
                 {}.await;\nassert_asked(&answer.unwrap_err(), \"{}\");",
                field(service, services),
                crate::handler::called(rpc, &client, &request),
                rpc.name
            );
        }
        let asked = if calls.is_empty() { "" } else { ASKED };
        let unset = services.first().map_or(String::new(), |service| {
            format!(
                "assert_eq!(unset.{}().unwrap_err().code(), tonic::Code::Unavailable);",
                field(service, services)
            )
        });
        format!(
            "//! The upstream `{name}`, with a stand-in for it on a port.\n\nuse \
             service::settings::Settings;\nuse service::upstreams::{name}::Upstream;\n\n/// Answers in \
             its place: write here what your tests need.\n#[derive(Debug)]\nstruct \
             StandIn;\n\n{stand_ins}{asked}/// Starts a stand-in; its URL.\nfn stand_in() -> String {{\nlet \
             incoming = \
             tonic::transport::server::TcpIncoming::bind(\"127.0.0.1:0\".parse().unwrap()).unwrap();\nlet \
             url = format!(\"http://{{}}\", incoming.local_addr().unwrap());\nlet server = \
             tonic::transport::Server::builder(){added};\ntokio::spawn(server.serve_with_incoming(incoming));\nurl\n}}\n\nfn \
             settings(words: &[&str]) -> Settings {{\nlet words = \
             [\"server\"].iter().chain(words).map(Into::into);\nchassis::boot::from_words(words).unwrap()\n}}\n\n\
             #[tokio::test]\nasync fn it_is_called_where_the_setting_says() {{\nlet url = \
             stand_in();\nlet settings = settings(&[\"{flag}\", &url]);\nlet telemetry = \
             chassis::telemetry::Telemetry::off();\nlet upstream = Upstream::connect(&settings, \
             &telemetry).unwrap();\n{calls}}}\n\n#[tokio::test]\nasync fn \
             without_the_setting_it_is_unavailable() {{\nlet telemetry = \
             chassis::telemetry::Telemetry::off();\nlet unset = Upstream::connect(&settings(&[]), \
             &telemetry).unwrap();\n{unset}\n}}\n"
        )
    }
}

/// What the upstream calls its client of `service`.
fn field(service: &Service, services: &[Service]) -> String {
    let field = Place::of(service, services).module;
    if TAKEN.contains(&field.as_str()) {
        format!("{field}_api")
    } else {
        field
    }
}

fn pascal(snake: &str) -> String {
    let words = snake.split('_').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|it| it.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect::<String>() + "Client"
}
