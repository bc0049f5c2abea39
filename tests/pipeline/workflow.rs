//! The file of the pipeline: what Woodpecker takes, and what ours promises.

use std::fs;
use std::path::{Path, PathBuf};

use scenario::Source;
use serde_json::{Value, json};

use crate::schema::violations;

/// Paths of the list that the repository doesn't have yet, or has elsewhere as well.
const NOT_YET: &[&str] = &["nomad", "Caddyfile", "compose*"];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn workflow_text() -> String {
    fs::read_to_string(path(".woodpecker/edge-smoke.yml")).expect("the pipeline")
}

fn read_yaml(name: &str, text: &str) -> Value {
    match scenario::yaml::parse(&Source::new(name, text.to_owned())) {
        Ok(node) => node.to_json(),
        Err(errors) => panic!("{}", errors.iter().map(|error| error.render(false)).collect::<String>()),
    }
}

fn workflow() -> Value {
    read_yaml("edge-smoke.yml", &workflow_text())
}

fn steps(workflow: &Value) -> &[Value] {
    workflow["steps"].as_array().expect("steps")
}

fn step<'a>(workflow: &'a Value, name: &str) -> &'a Value {
    steps(workflow).iter().find(|step| step["name"] == name).unwrap_or_else(|| panic!("no step {name}"))
}

/// The text of the pipeline and of everything that it runs, without comments.
fn everything() -> Vec<(String, String)> {
    let files = fs::read_dir(path(".woodpecker")).expect("the folder").map(|entry| entry.expect("an entry").path());
    let without_comments = |text: String| -> String {
        text.lines().filter(|line| !line.trim_start().starts_with('#')).map(|line| format!("{line}\n")).collect()
    };
    files.map(|file| (file.display().to_string(), without_comments(fs::read_to_string(&file).expect("text")))).collect()
}

/// The YAML of the page for people.
fn examples() -> Vec<String> {
    let page = fs::read_to_string(path("docs/ci.md")).expect("the page");
    page.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next()).map(str::to_owned).collect()
}

/// Woodpecker's schema, where it is at hand: it isn't ours to ship.
fn woodpecker() -> Option<Value> {
    let file = path("../shared/data/woodpecker-3.17-pipeline.schema.json");
    let text = fs::read_to_string(&file).map_err(|error| format!("Woodpecker's schema: {error}"));
    crate::support::require("woodpecker-schema", text.as_ref().map(drop).map_err(Clone::clone))
        .then(|| serde_json::from_str(&text.expect("read")).expect("JSON"))
}

#[test]
fn woodpecker_takes_the_pipeline() {
    let Some(schema) = woodpecker() else { return };
    assert_eq!(violations(&workflow(), &schema), Vec::<String>::new());
}

#[test]
fn woodpecker_takes_every_workflow_of_the_page() {
    let Some(schema) = woodpecker() else { return };
    let workflows: Vec<_> = examples().into_iter().filter(|text| text.contains("\nsteps:")).collect();
    assert!(workflows.len() >= 2, "{}", workflows.len());
    for text in workflows {
        assert_eq!(violations(&read_yaml("docs/ci.md", &text), &schema), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn the_check_against_the_schema_notices() {
    let Some(schema) = woodpecker() else { return };
    type Change = fn(&mut Value);
    let wrong: [(&str, Change); 8] = [
        ("an unknown key", |workflow| workflow["pipeline"] = json!([])),
        ("no steps", |workflow| drop(workflow.as_object_mut().expect("a mapping").remove("steps"))),
        ("an unknown event", |workflow| workflow["when"][0]["event"] = json!(["merge"])),
        ("a step without an image", |workflow| {
            drop(workflow["steps"][0].as_object_mut().expect("a mapping").remove("image"));
        }),
        ("commands that are none", |workflow| workflow["steps"][0]["commands"] = json!(7)),
        ("an unknown way to fail", |workflow| workflow["steps"][4]["failure"] = json!("perhaps")),
        ("a condition misspelt", |workflow| workflow["steps"][2]["when"][0]["evaluates"] = json!("true")),
        ("a network of its own", |workflow| workflow["steps"][2]["network_mode"] = json!("host")),
    ];
    for (what, change) in wrong {
        let mut workflow = workflow();
        change(&mut workflow);
        assert_ne!(violations(&workflow, &schema), Vec::<String>::new(), "{what}");
    }
}

#[test]
fn it_runs_where_something_changes_that_it_tests() {
    let workflow = workflow();
    assert_eq!(workflow["when"][0]["event"], json!(["push", "pull_request"]));
    let listed: Vec<&str> = workflow["when"][0]["path"]
        .as_array()
        .expect("paths")
        .iter()
        .map(|path| path.as_str().expect("text"))
        .collect();
    for wanted in ["src", "crates", "scenarios", "faults", "fixtures", "nomad", ".woodpecker"] {
        assert!(listed.contains(&format!("{wanted}/**").as_str()), "{wanted} is not listed");
    }
    for wanted in ["Cargo.toml", "Cargo.lock", "Caddyfile", "compose*"] {
        assert!(listed.contains(&wanted), "{wanted} is not listed");
    }
    for listed in listed {
        let name = listed.trim_end_matches("/**");
        assert!(path(name).exists() || NOT_YET.contains(&name), "{listed} is listed, and there is no such thing");
    }
}

#[test]
fn every_script_that_a_step_names_is_there() {
    let workflow = workflow();
    let commands = steps(&workflow).iter().flat_map(|step| step["commands"].as_array().expect("commands"));
    let scripts: Vec<&str> = commands.filter_map(|command| command.as_str()?.strip_prefix("sh ")).collect();
    assert!(scripts.len() >= 4, "{scripts:?}");
    for script in scripts {
        assert!(path(script).is_file(), "{script}");
    }
}

#[test]
fn the_stack_is_always_named_and_the_fallback_never_carried_out() {
    for (file, text) in everything() {
        assert!(!text.contains("--apply"), "{file} carries the fallback out");
        for line in text.replace("\\\n", " ").lines().filter(|line| line.contains(" run scenarios")) {
            let stack = line.split("--stack ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("none");
            assert!(["containers", "external"].contains(&stack), "{file} runs on the stack `{stack}`: {line}");
        }
    }
}

#[test]
fn the_two_ways_to_run_exclude_each_other() {
    let workflow = workflow();
    let condition = |name: &str| step(&workflow, name)["when"][0]["evaluate"].as_str().expect("a condition").to_owned();
    assert_eq!(condition("containers").replace("==", "!="), condition("preview"));
}

#[test]
fn what_runs_decides_and_what_reports_does_not() {
    let workflow = workflow();
    for decisive in ["build", "check", "containers", "preview"] {
        assert_eq!(step(&workflow, decisive).get("failure"), None, "{decisive} may fail unnoticed");
    }
    for telling in ["keep", "comment"] {
        assert_eq!(step(&workflow, telling)["failure"], "ignore", "{telling} changes the pipeline's status");
        assert_eq!(step(&workflow, telling)["when"][0]["status"], json!(["success", "failure"]), "{telling}");
    }
    assert_eq!(step(&workflow, "comment")["when"][0]["event"], "pull_request");
    assert_eq!(step(&workflow, "pivot")["when"][0]["status"], "failure");
}

#[test]
fn secrets_come_from_secrets_alone() {
    let workflow = workflow();
    for step in steps(&workflow) {
        for (name, value) in step["environment"].as_object().into_iter().flatten() {
            let is_secret = ["TOKEN", "PASSWORD", "SECRET", "KEY"].iter().any(|word| name.contains(word));
            assert_eq!(value["from_secret"].is_string(), is_secret, "{name} of {}", step["name"]);
        }
        // One that isn't there stops a pipeline before it begins, so a step that needs one has a condition.
        if step["environment"].to_string().contains("from_secret") {
            assert!(step["when"][0]["evaluate"].is_string(), "{} needs its secret always", step["name"]);
        }
    }
    for (file, text) in everything() {
        assert!(!text.contains("set -x") && !text.contains("set -eux"), "{file} prints what it runs");
        // Woodpecker replaces these in its files before anything reads them, and so would write secrets down.
        assert!(!file.ends_with(".yml") || !text.contains("${"), "{file}");
    }
}

#[test]
fn it_is_built_with_the_version_that_the_repository_names() {
    let toolchain = fs::read_to_string(path("rust-toolchain.toml")).expect("the toolchain");
    let version = toolchain.split("channel = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a channel");
    let image = format!("rust:{version}-bookworm");
    let workflow = workflow();
    assert_eq!(step(&workflow, "build")["image"], image.as_str());
    assert_eq!(step(&workflow, "containers")["environment"]["RUN_IN"], image.as_str());
}
