//! Which scenarios run, and where their report goes.

use super::{Call, Walked};
use crate::program::Program;
use crate::server::Server;

fn chosen(arguments: &[&str]) -> Walked {
    let mut all = vec!["all", "--jobs", "1"];
    all.extend(arguments);
    let tags = [
        ("apple", "[fruit, quick]"),
        ("beet", "[quick]"),
        ("cherry", "[fruit]"),
        ("date", "[slow]"),
        ("egg", "[slow]"),
    ];
    let mut call = Call::new(&all);
    for (name, tags) in tags {
        let text = format!("name: The {name}\ntags: {tags}\nsteps:\n  - get: /j/{name}\n");
        call = call.file(&format!("all/{name}.yaml"), &text);
    }
    call.run().passed()
}

fn names(arguments: &[&str]) -> Vec<String> {
    chosen(arguments).lines.iter().map(|line| line.trim_start_matches("GET /j/").to_owned()).collect()
}

#[test]
fn by_tag_any_of_several() {
    assert_eq!(names(&["--tag", "fruit"]), ["apple", "cherry"]);
    assert_eq!(names(&["--tag", "fruit", "--tag", "quick"]), ["apple", "beet", "cherry"]);
}

#[test]
fn by_a_text_in_the_name_or_the_file() {
    assert_eq!(names(&["--filter", "The e"]), ["egg"]);
    assert_eq!(names(&["--filter", "rry.yaml"]), ["cherry"]);
    assert_eq!(names(&["--filter", "te", "--tag", "slow"]), ["date"]);
}

#[test]
fn shards_share_all_scenarios_out() {
    let shards: Vec<Vec<String>> = ["1/3", "2/3", "3/3"].iter().map(|shard| names(&["--shard", shard])).collect();
    assert!(shards.iter().all(|shard| (1..=2).contains(&shard.len())), "{shards:?}");
    let mut all = shards.concat();
    all.sort();
    assert_eq!(all, ["apple", "beet", "cherry", "date", "egg"]);
}

#[test]
fn shards_are_dealt_out_of_what_is_selected() {
    assert_eq!(names(&["--tag", "slow", "--shard", "1/2"]).len(), 1);
    assert_eq!(names(&["--tag", "slow", "--shard", "2/2"]).len(), 1);
}

#[test]
fn reports_go_where_they_are_wanted() {
    let server = Server::start();
    let mut program = Program::new(&["--base-url", &server.origin, "--report-dir", "out/smoke", "x.yaml"])
        .file("x.yaml", "name: X\nsteps:\n  - get: /j/x\n");
    assert_eq!(program.output().status.code(), Some(0));
    for file in ["report.json", "junit.xml", "summary.md"] {
        assert!(program.find(&format!("out/smoke/latest/{file}")).is_some(), "{file}");
    }
    assert_eq!(program.find("reports/latest/report.json"), None);
}
