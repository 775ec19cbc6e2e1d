//{% capture source %}§{% raw %}
//! Where settings may stand, and what they refuse.

use std::ffi::OsString;

use clap::CommandFactory as _;

use chassis::boot;
use service::settings::Settings;

/// Values of all kinds; each setting takes one of them that is not its default.
const VALUES: &[&str] = &[
    "7s",
    "7",
    "7KiB",
    "127.0.0.1:7",
    "true",
    "false",
    "off",
    "sqlite:x",
    "http://x:7",
    "x",
    "x=x/x",
    "json",
    "istio",
    "on",
    "nats://x:7",
    "permissive",
    "per-core",
    "{\"x\": [\"y\"]}",
];

fn parse(words: &[&str]) -> Result<String, clap::Error> {
    let words = ["server"].iter().chain(words).map(OsString::from);
    boot::from_words(words).map(|settings: Settings| format!("{settings:?}"))
}

#[test]
fn settings_may_stand_before_and_behind_a_command() {
    let line = Settings::command();
    let settings: Vec<_> = (line.get_arguments())
        .filter_map(|argument| argument.get_long())
        .map(|name| format!("--{name}"))
        .collect();
    assert!(settings.len() > 40, "{settings:?}");
    let mut tried = 0;
    for command in line.get_subcommands() {
        let name = command.get_name();
        let command: &[&str] = match name {
            "backup" => &["backup", "copy.db"],
            _ => &[name],
        };
        let unset = parse(command).unwrap();
        for setting in &settings {
            let values = VALUES.iter().chain(&["a:1"]);
            let mut values = values.map(|value| [setting.as_str(), value]);
            let taken = values.find_map(|words| {
                let before = parse(&[&words, command].concat()).ok()?;
                (before != unset).then_some((words, before))
            });
            // Some are for features that are not built in.
            let Some((words, before)) = taken else {
                continue;
            };
            tried += 1;
            let behind = parse(&[command, &words].concat());
            assert_eq!(behind.unwrap(), before, "{command:?} {words:?}");
        }
    }
    assert!(tried > 200, "{tried}");
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
