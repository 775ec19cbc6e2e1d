//! What is exposed: the rpcs of the descriptors, and the paths that
//! `google.api.http` gives them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chassis::contract::{self, Idempotency};
use http::Method;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
    ServiceDescriptor, Value,
};

use crate::template::{Captured, Template};

/// One rpc that is exposed.
#[derive(Debug)]
pub(crate) struct Exposed {
    /// `/package.Service/Method`.
    pub(crate) path: String,
    pub(crate) descriptor: MethodDescriptor,
    pub(crate) contract: &'static contract::Method,
}

impl Exposed {
    pub(crate) fn input(&self) -> MessageDescriptor {
        self.descriptor.input()
    }

    pub(crate) fn output(&self) -> MessageDescriptor {
        self.descriptor.output()
    }

    pub(crate) fn streams_answers(&self) -> bool {
        self.descriptor.is_server_streaming()
    }

    pub(crate) fn streams_requests(&self) -> bool {
        self.descriptor.is_client_streaming()
    }

    /// Whether a GET may call it.
    pub(crate) fn only_reads(&self) -> bool {
        self.contract.idempotency == Idempotency::NoSideEffects
    }
}

/// Which part of a request a body is, or of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Nothing,
    Whole,
    Field(FieldDescriptor),
}

/// One path of one rpc.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) method: Method,
    pub(crate) template: Template,
    /// As the .proto has it.
    pub(crate) text: String,
    pub(crate) body: Part,
    /// `Whole`, or the field that is the answer.
    pub(crate) answer: Part,
    /// Whether the annotation begins with it.
    pub(crate) is_first: bool,
    pub(crate) rpc: Arc<Exposed>,
}

/// Everything that is exposed.
#[derive(Debug)]
pub(crate) struct Rpcs {
    pub(crate) pool: DescriptorPool,
    by_path: HashMap<String, Arc<Exposed>>,
    /// The most literal first.
    pub(crate) rules: Vec<Rule>,
}

/// What a path is in REST.
pub(crate) enum Found<'a> {
    Rule(&'a Rule, Captured),
    /// There is something, for these methods.
    Otherwise(Vec<&'a Method>),
    Nothing,
}

impl Rpcs {
    /// The rpcs of `services`, as `descriptors` (an encoded `FileDescriptorSet`)
    /// describe them.
    ///
    /// # Errors
    /// What is wrong with an annotation, one line for each.
    pub(crate) fn new(
        descriptors: &[u8],
        services: &'static [contract::Service],
    ) -> Result<Self, String> {
        let pool = DescriptorPool::decode(descriptors)
            .map_err(|error| format!("the descriptors cannot be decoded: {error}"))?;
        let (mut by_path, mut rules, mut wrong) = (HashMap::new(), Vec::new(), Vec::new());
        for service in services {
            let Some(descriptor) = pool.get_service_by_name(service.name) else {
                wrong.push(format!("{}: no descriptor declares it", service.name));
                continue;
            };
            for rpc in exposed(&descriptor, service) {
                let rpc = Arc::new(rpc);
                match rules_of(&pool, &rpc) {
                    Ok(found) => rules.extend(found),
                    Err(why) => wrong.push(format!("{}: {why}", rpc.descriptor.full_name())),
                }
                by_path.insert(rpc.path.clone(), rpc);
            }
        }
        rules.sort_by_cached_key(|rule| rule.template.rank());
        wrong.extend(clashes(&rules));
        if !wrong.is_empty() {
            return Err(wrong.join("; "));
        }
        Ok(Self {
            pool,
            by_path,
            rules,
        })
    }

    /// The rpc at `/package.Service/Method`.
    pub(crate) fn at(&self, path: &str) -> Option<&Arc<Exposed>> {
        self.by_path.get(path)
    }

    /// Whether `path` is one of a service that is exposed.
    pub(crate) fn has_service(&self, path: &str) -> bool {
        let service = path.rsplit_once('/').map(|(service, _)| service);
        service.is_some_and(|service| {
            self.by_path.keys().any(|known| {
                let known = known.rsplit_once('/');
                known.is_some_and(|(known, _)| known == service)
            })
        })
    }

    /// What REST has at `path`.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let mut others = Vec::new();
        for rule in &self.rules {
            let Some(captured) = rule.template.capture(path) else {
                continue;
            };
            if rule.method == *method {
                return Found::Rule(rule, captured);
            }
            if !others.contains(&&rule.method) {
                others.push(&rule.method);
            }
        }
        if others.is_empty() {
            Found::Nothing
        } else {
            Found::Otherwise(others)
        }
    }
}

fn exposed(
    descriptor: &ServiceDescriptor,
    service: &'static contract::Service,
) -> impl Iterator<Item = Exposed> {
    let methods: Vec<_> = descriptor.methods().collect();
    methods.into_iter().filter_map(|method| {
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let contract = service.methods.iter().find(|it| it.path == path)?;
        Some(Exposed {
            path,
            descriptor: method,
            contract,
        })
    })
}

/// The annotation and its additional bindings.
fn rules_of(pool: &DescriptorPool, rpc: &Arc<Exposed>) -> Result<Vec<Rule>, String> {
    let Some(extension) = pool.get_extension_by_name("google.api.http") else {
        return Ok(Vec::new());
    };
    let options = rpc.descriptor.options();
    if !options.has_extension(&extension) {
        return Ok(Vec::new());
    }
    let value = options.get_extension(&extension);
    let Some(first) = value.as_message() else {
        return Ok(Vec::new());
    };
    if rpc.streams_requests() {
        return Err(
            "google.api.http has no meaning for a stream of requests; remove it".to_owned(),
        );
    }
    let more = first.get_field_by_name("additional_bindings");
    let more = more.as_deref().and_then(Value::as_list).unwrap_or_default();
    std::iter::once(first)
        .chain(more.iter().filter_map(Value::as_message))
        .enumerate()
        .map(|(index, rule)| rule_of(rule, rpc, index == 0))
        .collect()
}

fn rule_of(rule: &DynamicMessage, rpc: &Arc<Exposed>, is_first: bool) -> Result<Rule, String> {
    let (method, text) = pattern(rule)?;
    let template = Template::parse(&text).map_err(|why| format!("`{text}`: {why}"))?;
    for variable in &template.variables {
        let field = walk(&rpc.input(), &variable.field)
            .ok_or_else(|| format!("`{text}`: the request has no field {}", variable.field))?;
        if field.is_list() || matches!(field.kind(), Kind::Message(_)) {
            return Err(format!(
                "`{text}`: {} is no single value, as a variable must be",
                variable.field
            ));
        }
    }
    let body = part(&text_of(rule, "body"), &rpc.input(), Part::Nothing)
        .map_err(|why| format!("`{text}`: body: {why}"))?;
    let answer = part(&text_of(rule, "response_body"), &rpc.output(), Part::Whole)
        .map_err(|why| format!("`{text}`: response_body: {why}"))?;
    if method == Method::GET && body != Part::Nothing {
        return Err(format!("`{text}`: a GET has no body; take `body` out"));
    }
    Ok(Rule {
        method,
        template,
        text,
        body,
        answer,
        is_first,
        rpc: Arc::clone(rpc),
    })
}

fn pattern(rule: &DynamicMessage) -> Result<(Method, String), String> {
    for (name, method) in [
        ("get", Method::GET),
        ("put", Method::PUT),
        ("post", Method::POST),
        ("delete", Method::DELETE),
        ("patch", Method::PATCH),
    ] {
        if rule.has_field_by_name(name) {
            return Ok((method, text_of(rule, name)));
        }
    }
    if rule.has_field_by_name("custom") {
        let custom = rule.get_field_by_name("custom");
        if let Some(custom) = custom.as_deref().and_then(Value::as_message) {
            let kind = text_of(custom, "kind");
            let method = kind
                .parse()
                .map_err(|_| format!("`{kind}` is no method of HTTP"))?;
            return Ok((method, text_of(custom, "path")));
        }
    }
    Err("google.api.http names no path; write get, put, post, delete or patch".to_owned())
}

fn part(name: &str, of: &MessageDescriptor, none: Part) -> Result<Part, String> {
    match name {
        "" => Ok(none),
        "*" => Ok(Part::Whole),
        name => of
            .get_field_by_name(name)
            .map(Part::Field)
            .ok_or_else(|| format!("{} has no field {name}", of.full_name())),
    }
}

/// The field at a dotted path, each by its name in the .proto or in JSON.
pub(crate) fn walk(message: &MessageDescriptor, path: &str) -> Option<FieldDescriptor> {
    let mut message = Some(message.clone());
    let mut found = None;
    for name in path.split('.') {
        let field = field_of(&message?, name)?;
        message = match field.kind() {
            Kind::Message(inner) if !field.is_list() && !field.is_map() => Some(inner),
            _ => None,
        };
        found = Some(field);
    }
    found
}

/// The field called `name` in the .proto or in JSON.
pub(crate) fn field_of(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    let by_name = message.get_field_by_name(name);
    by_name.or_else(|| message.get_field_by_json_name(name))
}

fn text_of(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    let text = value.as_deref().and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// Paths that two rpcs have.
fn clashes(rules: &[Rule]) -> Vec<String> {
    let mut seen: BTreeMap<_, &Rule> = BTreeMap::new();
    let mut found = Vec::new();
    for rule in rules {
        let key = (
            rule.method.as_str().to_owned(),
            rule.template.parts.clone(),
            rule.template.verb.clone(),
        );
        if let Some(first) = seen.insert(key, rule) {
            found.push(format!(
                "{} {} is both {} and {}; give one of them another path",
                rule.method,
                rule.text,
                first.rpc.descriptor.full_name(),
                rule.rpc.descriptor.full_name()
            ));
        }
    }
    found
}
