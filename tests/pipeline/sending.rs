//! The scripts that send something to the forge.

use serde_json::Value;

use crate::forge::Forge;
use crate::script::Script;

const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";

fn curl_is_here() -> bool {
    let there = std::process::Command::new("curl").arg("--version").output();
    crate::support::require("curl", there.map(drop).map_err(|error| error.to_string()))
}

fn comment(forge: &Forge, summary: &str) -> Script {
    in_a_pipeline(Script::new("comment"), forge).file("reports/latest/summary.md", summary)
}

fn in_a_pipeline(script: Script, forge: &Forge) -> Script {
    let variables = [
        ("FORGE_TOKEN", TOKEN),
        ("CI_FORGE_TYPE", "forgejo"),
        ("CI_FORGE_URL", forge.url.as_str()),
        ("CI_REPO", "platform/site"),
        ("CI_REPO_OWNER", "platform"),
        ("CI_REPO_NAME", "site"),
        ("CI_COMMIT_PULL_REQUEST", "42"),
        ("CI_PIPELINE_NUMBER", "7"),
        ("CI_WORKFLOW_NAME", "edge-smoke"),
    ];
    variables.into_iter().fold(script, |script, (name, value)| script.env(name, value))
}

fn body(content: &str) -> String {
    let value: Value = serde_json::from_str(content).unwrap_or_else(|error| panic!("{error}: {content}"));
    value["body"].as_str().expect("a body").to_owned()
}

#[test]
fn a_comment_arrives_as_it_was_written() {
    if !curl_is_here() {
        return;
    }
    let summaries = [
        "# edge-smoke: FIX\n\nOne.\n",
        "a \"quoted\" \\ backslash, a tab\tand %s %d \\n $HOME `id` &amp; & ünïcødé ✅ 🦀\n",
        "no line feed at its end",
        "\n\nblank lines\n\n\n",
    ];
    for summary in summaries {
        let forge = Forge::answering("201 Created");
        let answer = comment(&forge, summary).run();
        assert_eq!(answer.code, Some(0), "{}", answer.text);
        let requests = forge.requests();
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].line, "POST /forge/api/v1/repos/platform/site/issues/42/comments");
        assert_eq!(requests[0].authorization, [format!("token {TOKEN}")]);
        assert_eq!(body(&requests[0].content).trim_end(), summary.trim_end());
    }
}

#[test]
fn control_characters_are_dropped() {
    if !curl_is_here() {
        return;
    }
    let forge = Forge::answering("201 Created");
    let summary: String = (0_u8..0x20).chain([0x7f]).map(char::from).chain("end\n".chars()).collect();
    assert_eq!(comment(&forge, &summary).run().code, Some(0));
    assert_eq!(body(&forge.requests()[0].content), "\t\nend\n");
}

#[test]
fn a_long_summary_is_cut_at_a_line_and_says_so() {
    if !curl_is_here() {
        return;
    }
    let forge = Forge::answering("201 Created");
    let answer = comment(&forge, &"✅ a line of a long summary\n".repeat(10_000)).run();
    assert_eq!(answer.code, Some(0), "{}", answer.text);
    let body = body(&forge.requests()[0].content);
    assert!((50_000..61_000).contains(&body.len()), "{}", body.len());
    assert!(
        body.ends_with("✅ a line of a long summary\n\n… shortened: the whole is in the report.\n"),
        "{}",
        &body[body.len() - 120..]
    );
}

#[test]
fn a_comment_leads_to_its_pipeline() {
    if !curl_is_here() {
        return;
    }
    let urls = [
        (
            "https://example.org/ci/repos/3/pipeline/7",
            "text\n\n[The pipeline](https://example.org/ci/repos/3/pipeline/7)\n",
        ),
        ("https://example.org/\",\"x\":\"", "text\n"),
    ];
    for (url, expected) in urls {
        let forge = Forge::answering("201 Created");
        let answer = comment(&forge, "text\n").env("CI_PIPELINE_URL", url).run();
        assert_eq!(answer.code, Some(0), "{}", answer.text);
        assert_eq!(body(&forge.requests()[0].content), expected);
    }
}

#[test]
fn the_token_shows_nowhere_and_follows_no_redirect() {
    if !curl_is_here() {
        return;
    }
    let elsewhere = Forge::answering("201 Created");
    let moved: &'static str = Box::leak(format!("307 Moved\r\nLocation: {}", elsewhere.url).into_boxed_str());
    for head in ["201 Created", "401 Unauthorized", "500 Oops", moved] {
        for name in ["comment", "keep"] {
            let forge = Forge::answering(head);
            let script = in_a_pipeline(Script::new(name), &forge);
            let mut script = script.file("reports/latest/summary.md", "x\n").file("reports/latest/report.json", "{}\n");
            let answer = script.run();
            assert!(!answer.text.contains(TOKEN), "{name}: {}", answer.text);
            assert_eq!(answer.code, Some(i32::from(!head.starts_with("201"))), "{name}, {head}: {}", answer.text);
            if let Some(status) = head.split(' ').next().filter(|status| *status != "201") {
                assert!(answer.text.contains(&format!("answered {status} where 201 was expected")), "{}", answer.text);
            }
        }
    }
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn nothing_is_sent_where_something_is_missing_or_odd() {
    let table = [
        ("FORGE_TOKEN", "", 0, "no token is given"),
        ("FORGE_TOKEN", "a\"\nurl = \"http://127.0.0.1:1/", 1, "characters that no token has"),
        ("CI_FORGE_TYPE", "github", 0, "the forge is a 'github'"),
        ("CI_FORGE_TYPE", "", 0, "the forge is a ''"),
        ("CI_FORGE_URL", "", 1, "CI_FORGE_URL is not a URL"),
        ("CI_FORGE_URL", "-o/etc/passwd", 1, "CI_FORGE_URL is not a URL"),
        ("CI_COMMIT_PULL_REQUEST", "", 0, "this is no pull request"),
        ("CI_COMMIT_PULL_REQUEST", "1/../2", 1, "is not a number"),
        ("CI_REPO", "a/b/c", 1, "is not owner/name"),
        ("CI_REPO", "a/b?c", 1, "is not owner/name"),
    ];
    for (name, value, code, reason) in table {
        let forge = Forge::answering("201 Created");
        let answer = comment(&forge, "text\n").env(name, value).run();
        assert_eq!(answer.code, Some(code), "{name}={value}: {}", answer.text);
        assert!(answer.text.contains(reason), "{name}={value}: {}", answer.text);
        assert!(forge.requests().is_empty(), "{name}={value}");
    }
    for name in ["comment", "keep"] {
        let forge = Forge::answering("201 Created");
        let answer = in_a_pipeline(Script::new(name), &forge).run();
        assert_eq!(answer.code, Some(0), "{}", answer.text);
        assert!(answer.text.contains("no run has left reports/latest/"), "{}", answer.text);
        assert!(forge.requests().is_empty());
    }
}

#[test]
fn a_forge_that_is_gone_is_said_to_be() {
    if !curl_is_here() {
        return;
    }
    let forge = Forge::answering("201 Created");
    // The port that nobody serves: connecting to it is refused at once.
    let answer = comment(&forge, "text\n").env("CI_FORGE_URL", "http://127.0.0.1:1/forge").run();
    assert_eq!(answer.code, Some(1));
    assert!(answer.text.contains("the forge at http://127.0.0.1:1/forge can't be reached"), "{}", answer.text);
}

#[test]
fn every_file_of_a_report_is_kept_under_the_pipelines_number() {
    if !curl_is_here() {
        return;
    }
    let forge = Forge::answering("201 Created");
    let script = in_a_pipeline(Script::new("keep"), &forge);
    let mut script = ["junit.xml", "report.json", "summary.md"]
        .into_iter()
        .fold(script, |script, name| script.file(&format!("reports/latest/{name}"), &format!("this is {name} ✅\n")));
    let answer = script.run();
    assert_eq!(answer.code, Some(0), "{}", answer.text);
    let got: Vec<String> =
        forge.requests().iter().map(|request| format!("{}: {}", request.line, request.content)).collect();
    let wanted = ["junit.xml", "report.json", "summary.md"]
        .map(|name| format!("PUT /forge/api/packages/platform/generic/site-edge-smoke/7/{name}: this is {name} ✅\n"));
    assert_eq!(got, wanted);
}

#[test]
fn parts_of_a_run_are_kept_apart() {
    if !curl_is_here() {
        return;
    }
    let forge = Forge::answering("201 Created");
    let script = in_a_pipeline(Script::new("keep"), &forge).env("KEEP_AS", "part-1");
    let answer = script.file("reports/latest/report.json", "{}\n").run();
    assert_eq!(answer.code, Some(0), "{}", answer.text);
    assert_eq!(forge.requests()[0].line, "PUT /forge/api/packages/platform/generic/site-part-1/7/report.json");
}
