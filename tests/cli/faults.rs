//! `edge-smoke faults`: what it prints and writes, what it refuses, and how it ends.

use std::process::Stdio;

use crate::program::{Program, shown};

/// One journey, so that a fault takes no time.
const STAGING: &str = "name: Staging\nsteps:\n  - get: ${staging}/\n    expect: { status: 200, css: { h1: exists } }\n";
const NO_STRIP: &str = "id: no-strip\ntitle: Its prefix reaches staging\ninject:\n  routes: { staging: { strip_prefix: false } }\n\
                        expect: { verdict: FIX, findings: [edge/prefix-kept] }\n";
const INNOCENT: &str = "id: innocent\ntitle: All is passed on at once\ninject:\n  routes: { staging: { flush: immediate } }\n\
                        expect: { verdict: PASS }\n";
const CADDY: &str = "id: caddy\ntitle: Only Caddy has it\ninject:\n  caddyfile: { replace: 'admin off', with: 'admin :2019' }\n\
                     expect: { verdict: FIX, class: security, findings: [edge/admin-open] }\n";

fn campaign(arguments: &[&str], files: &[(&str, &str)]) -> Program {
    let arguments: Vec<&str> =
        ["faults", "f", "--scenarios", "s.yaml", "--jobs", "1"].iter().chain(arguments).copied().collect();
    let program = Program::new(&arguments).file("s.yaml", STAGING);
    files.iter().fold(program, |program, (name, text)| program.file(&format!("f/{name}.yaml"), text))
}

#[test]
fn a_campaign_is_a_table_a_score_and_a_report_for_each() {
    let files = [("no-strip", NO_STRIP), ("innocent", INNOCENT), ("caddy", CADDY)];
    let mut program = campaign(&[], &files);
    insta::assert_snapshot!(program.answer());
    let score: serde_json::Value = serde_json::from_str(&program.left("reports/faults/score.json")).unwrap();
    assert_eq!((&score["holds"], &score["stack"]), (&true.into(), &"embedded".into()));
    assert_eq!(score["all_evidence"]["seen"], serde_json::json!({ "right": 1, "of": 1 }));
    assert_eq!(score["all_evidence"]["innocent"], serde_json::json!({ "right": 2, "of": 2 }));
    assert!(program.left("reports/faults/score.md").contains("| no-strip | Its prefix reaches staging | yes | yes |"));
    let report: serde_json::Value = serde_json::from_str(&program.left("reports/faults/no-strip/report.json")).unwrap();
    assert_eq!(report["findings"][0]["code"], "edge/prefix-kept");
    assert!(program.find("reports/faults/caddy/report.json").is_none());
}

#[test]
fn a_score_that_does_not_hold_is_1() {
    let wrong = NO_STRIP.replace("edge/prefix-kept", "edge/prefix-stripped");
    let answer = campaign(&[], &[("no-strip", &wrong)]).answer();
    assert!(answer.starts_with("exit: 1\n"), "{answer}");
    assert!(answer.contains("95 % of the causes must be named, 0 % are; not those of no-strip"), "{answer}");
    let flagged = NO_STRIP.replace("{ verdict: FIX, findings: [edge/prefix-kept] }", "{ verdict: PASS }");
    let answer = campaign(&[], &[("no-strip", &flagged)]).answer();
    assert!(answer.starts_with("exit: 1\n"), "{answer}");
    assert!(answer.contains("nothing innocent may be flagged, and these are: no-strip"), "{answer}");
    let answer = campaign(&["--filter", "caddy"], &[("caddy", CADDY)]).answer();
    assert!(answer.starts_with("exit: 1\n") && answer.contains("nothing was tried"), "{answer}");
}

#[test]
fn what_got_worse_since_an_earlier_score_is_named() {
    let mut program = campaign(&["--format", "json"], &[("no-strip", NO_STRIP)]);
    let base = String::from_utf8(program.output().stdout).unwrap();
    let again =
        |base: &str| campaign(&["--base", "base.json"], &[("no-strip", NO_STRIP)]).file("base.json", base).answer();
    assert!(again(&base).starts_with("exit: 0\n"));
    let gone = base.replace("\"id\": \"no-strip\"", "\"id\": \"forgotten\"");
    let answer = again(&gone);
    assert!(answer.starts_with("exit: 1\n"), "{answer}");
    assert!(answer.contains("worse: forgotten: it is not tried any more"), "{answer}");
    for (base, message) in [
        ("{}", "--base: base.json: not a score of edge-smoke"),
        (&base.replace("\"stack\": \"embedded\"", "\"stack\": \"containers\""), "they can't be compared"),
        (&base.replacen("\"schema\": 1", "\"schema\": 2", 1), "it has schema 2"),
    ] {
        let answer = again(base);
        assert!(answer.starts_with("exit: 64\n") && answer.contains(message), "{answer}");
    }
}

#[test]
fn wrong_files_are_64_and_nothing_is_run() {
    let twice = NO_STRIP.replace("title", "source: x\ntitle");
    for (files, message) in [
        (vec![("a", NO_STRIP), ("b", &*twice)], "there is another fault `no-strip`"),
        (vec![("a", "id: a\ntitle: t\ninject: { use: [nobody] }\n")], "there is no fault `nobody` to use"),
        (vec![("a", "id: ../a\ntitle: t\ninject: { stop: [ci] }\n")], "wrong value for `id`"),
        (
            vec![("a", "id: a\ntitle: t\ninject: { stop: [ci] }\nexpect: { verdict: FIX, findings: [ci/down] }\n")],
            "no rule has the code `ci/down`",
        ),
        (vec![("a", "name: A\nsteps:\n  - get: /\n")], "unknown key `name`"),
    ] {
        let answer = campaign(&[], &files).answer();
        assert!(answer.starts_with("exit: 64\n") && answer.contains(message), "{answer}");
    }
    let answer = campaign(&["--filter", "nothing"], &[("a", NO_STRIP)]).answer();
    assert!(answer.starts_with("exit: 64\n") && answer.contains("none of the 1 faults fits --filter"), "{answer}");
    let answer = Program::new(&["faults", "nowhere"]).answer();
    assert!(answer.starts_with("exit: 64\n") && answer.contains("there is no file nowhere"), "{answer}");
}

#[test]
fn a_fault_that_keeps_the_stack_from_standing_is_inconclusive_and_not_seen() {
    let broken = "id: broken\ntitle: No address at all\ninject:\n  env: { forge: { GITEA__server__ROOT_URL: nowhere } }\n\
                  expect: { verdict: FIX, findings: [address/host] }\n";
    let answer = campaign(&["--filter", "broken"], &[("broken", broken)]).answer();
    assert!(answer.starts_with("exit: 1\n"), "{answer}");
    assert!(answer.contains("INCONCLUSIVE") && answer.contains("ound `nowhere`"), "{answer}");
    assert!(answer.contains("every fault must be seen, and these are not: broken"), "{answer}");
}

#[test]
fn ctrl_c_is_130() {
    let slow = "name: Slow\nsteps:\n  - get: ${staging}/\n    retry: { within: 60s }\n    expect: { status: 418 }\n    timeout: 60s\n";
    let mut program = campaign(&["--filter", "no-strip"], &[("no-strip", NO_STRIP)]).file("s.yaml", slow);
    let child = program.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The heading is there once signals are heeded.
    let mut child = child;
    let mut stdout = child.stdout.take().unwrap();
    let mut heading = [0; 5];
    std::io::Read::read_exact(&mut stdout, &mut heading).unwrap();
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let answer = shown(&child.wait_with_output().unwrap());
    assert!(answer.starts_with("exit: 130\n"), "{answer}");
    assert!(answer.contains("interrupted: nothing is scored, and all stacks are torn down"), "{answer}");
}
