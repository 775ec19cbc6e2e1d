//! The chart's output broken on purpose: each break must be noticed.

mod ambient;
mod sidecars;

use serde_json::{Value, json};

/// One way to break it.
pub(super) struct Mutant {
    pub(super) name: &'static str,
    /// The scenario that must notice.
    pub(super) scenario: &'static str,
    /// Changes an object, if it is of the kind.
    change: fn(&mut Value),
    kind: &'static str,
}

/// Every way.
pub(super) fn all() -> impl Iterator<Item = &'static Mutant> + Clone {
    sidecars::ALL.iter().chain(ambient::ALL)
}

impl Mutant {
    /// Breaks what there is to break.
    pub(super) fn apply(&self, objects: &mut [Value]) {
        for object in objects {
            if self.kind == ROUTES && object["kind"] == "VirtualService" {
                list(object, "/spec/http").iter_mut().for_each(self.change);
            } else if object["kind"] == self.kind {
                (self.change)(object);
            }
        }
    }
}

/// Not a kind: each HTTP route of a `VirtualService`.
const ROUTES: &str = "routes";

const fn routes(name: &'static str, scenario: &'static str, change: fn(&mut Value)) -> Mutant {
    of(ROUTES, name, scenario, change)
}

const fn of(
    kind: &'static str,
    name: &'static str,
    scenario: &'static str,
    change: fn(&mut Value),
) -> Mutant {
    Mutant {
        name,
        scenario,
        change,
        kind,
    }
}

/// For pods of another name.
fn elsewhere(object: &mut Value) {
    set(
        object,
        "/spec/selector/matchLabels",
        &json!({"app": "other"}),
    );
}

/// Removes `key` from the object at `pointer`.
fn remove(value: &mut Value, pointer: &str, key: &str) {
    if let Some(object) = value.pointer_mut(pointer).and_then(Value::as_object_mut) {
        object.remove(key);
    }
}

/// Replaces what is at `pointer`, if there is anything.
fn set(value: &mut Value, pointer: &str, new: &Value) {
    if let Some(old) = value.pointer_mut(pointer) {
        *old = new.clone();
    }
}

/// Replaces within the text at `pointer`.
fn replace(value: &mut Value, pointer: &str, from: &str, to: &str) {
    if let Some(text) = value.pointer_mut(pointer)
        && let Some(old) = text.as_str()
    {
        *text = old.replace(from, to).into();
    }
}

/// The items of the array at `pointer`; none if there is none.
fn list<'a>(value: &'a mut Value, pointer: &str) -> &'a mut [Value] {
    match value.pointer_mut(pointer) {
        Some(Value::Array(items)) => items,
        _ => &mut [],
    }
}
