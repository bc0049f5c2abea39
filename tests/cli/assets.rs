//! `assets`: what a page loads, and how what is broken is shown.

mod site;

use serde_json::Value;

use crate::program::{Program, filtered, shown};
use site::{Answer, Serving, Site};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const STEP: &str = "  - assets: ${base_url}/app/\n    under: ${base_url}/app\n";

/// A run of the program on a site.
struct Ran {
    exit: Option<i32>,
    answer: String,
    report: Value,
    site: Serving,
}

/// Runs steps on a site.
fn run(site: Site, steps: &str) -> Ran {
    let site = site.serve();
    let scenario = format!("name: Journey\nsteps:\n{steps}");
    let mut program =
        Program::new(&["--no-probe", "--base-url", &site.origin, "journey.yaml"]).file("journey.yaml", scenario);
    let output = program.output();
    let report = program.find("reports/latest/report.json");
    Ran {
        exit: output.status.code(),
        answer: shown(&output),
        report: report.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap()),
        site,
    }
}

impl Ran {
    fn passed(self) -> Self {
        assert_eq!(self.exit, Some(0), "{}", self.answer);
        self
    }

    /// The located errors.
    fn errors(&self) -> String {
        assert_eq!(self.exit, Some(1), "{}", self.answer);
        self.located()
    }

    fn located(&self) -> String {
        let steps = self.report["scenarios"][0]["steps"].as_array().unwrap();
        let failures = steps.iter().filter_map(|step| step["failures"].as_array()).flatten();
        let rendered: Vec<&str> = failures.map(|failure| failure["rendered"].as_str().unwrap().trim_end()).collect();
        filtered(&rendered.join("\n\n"))
    }

    /// What the last step loaded.
    fn assets(&self) -> &Vec<Value> {
        let steps = self.report["scenarios"][0]["steps"].as_array().unwrap();
        steps.last().unwrap()["assets"]["list"].as_array().unwrap_or_else(|| panic!("{}", self.answer))
    }

    /// A line for each: what it is, and what is wrong with it.
    fn list(&self) -> String {
        let line = |asset: &Value| {
            let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_else(|| value.to_string());
            let mark = if asset["essential"] == true { "" } else { "?" };
            let reference = &asset["references"][0];
            let problem = match (&asset["problem"], &asset["unchecked"]) {
                (Value::Null, Value::Null) => "well".to_owned(),
                (Value::Null, unchecked) => format!("({})", text(unchecked)),
                (problem, _) => format!("{}: {}", text(&problem["kind"]), text(&problem["found"])),
            };
            let file = text(&reference["file"]);
            format!(
                "{mark}{} {} by {} {}:{} x{}: {problem}",
                text(&asset["kind"]),
                text(&asset["url"]),
                text(&reference["by"]),
                file,
                reference["line"],
                asset["referenced"],
            )
        };
        let mut lines: Vec<String> = self.assets().iter().map(line).collect();
        // Which answer comes first, and with it what is met next, differs from run to run.
        lines.sort();
        filtered(&lines.join("\n").replace(&self.site.origin, ""))
    }
}

/// A page with one of each, all well, under `/app/`.
fn well() -> Site {
    Site::default()
        .page(
            "/app/",
            r#"<link rel=stylesheet href="style.css"><link rel="icon" href="icon.png"><link rel=manifest href=m.json>
<link rel=modulepreload href=/app/js/b.js><script type=module src="js/a.js"></script><script src=classic.js></script>
<img src=img/a.png srcset="img/b.png 2x"><img src="data:image/png;base64,AA">"#,
        )
        .with(
            "/app/style.css",
            "text/css",
            "@import url('more/other.css');\n@font-face{src:url(f.eot) format('embedded-opentype'),\nurl(f.woff2)}",
        )
        .with("/app/more/other.css", "text/css", "@import '../style.css'; @import 'other.css'; a{b:url(c.png)}")
        .with("/app/more/c.png", "image/png", PNG)
        .with("/app/f.woff2", "font/woff2", b"wOF2")
        .with("/app/icon.png", "image/png", PNG)
        .with("/app/m.json", "application/manifest+json", r#"{"icons": [{"src": "icon.png"}, {"src": "big.png"}]}"#)
        .with("/app/js/a.js", "text/javascript", "import './b.js';\nexport * from './c.js'; import('./lazy.js')")
        .with("/app/js/b.js", "text/javascript", "import './a.js'")
        .with("/app/js/c.js", "text/javascript", "")
        .with("/app/js/lazy.js", "text/javascript", "export default 1")
        .with("/app/classic.js", "application/javascript", "import('/app/js/b.js')")
        .with("/app/img/a.png", "image/png", PNG)
        .with("/app/img/b.png", "image/png", PNG)
}

#[test]
fn all_that_a_page_loads_is_loaded_once() {
    let ran = run(
        well(),
        &format!(
            "{STEP}    expect:\n      status: 200\n      assets: {{ count: 15, scripts: 5, styles: 2, images: 3, fonts: 2, \
             broken: 0, notes: 2, urls: {{ ends_with: /js/c.js }}, duration: {{ at_most: 20s }} }}\n"
        ),
    )
    .passed();
    insta::assert_snapshot!(ran.list());
    let mut targets = ran.site.targets();
    assert_eq!(targets.len(), 16, "{targets:?}");
    targets.dedup();
    assert_eq!(targets.len(), 16, "asked for twice");
    assert_eq!(ran.report["scenarios"][0]["steps"][0]["assets"]["inline"], 1);
    // What a page can do without is said, and changes nothing.
    assert!(ran.answer.contains("finding page/optional-asset (note)"), "{}", ran.answer);
}

#[test]
fn of_the_last_page_too() {
    let steps = "  - get: ${base_url}/app/\n  - assets: page\n    expect: { assets: { count: 15 } }\n";
    let ran = run(well(), steps).passed();
    assert_eq!(ran.site.targets().len(), 16);
    insta::assert_snapshot!(run(well(), "  - assets: page\n").errors());
}

#[test]
fn what_is_not_what_it_claims_to_be_is_named_with_its_place() {
    let page = "<!doctype html><title>Woodpecker</title>";
    let site = Site::default()
        .page(
            "/app/",
            "<link rel=stylesheet href=page.css><script src=page.js></script>\n<script src=empty.js></script>\
             <script src=gone.js></script>\n<script type=module src=plain.js></script><img src=page.png><img src=cut.png>",
        )
        .with("/app/page.css", "text/html", page)
        .with("/app/page.js", "text/javascript", page)
        .at("/app/empty.js", Answer::Whole(200, String::new(), Vec::new()))
        .at("/app/plain.js", Answer::Whole(200, "Content-Type: text/plain\r\nX-Content-Type-Options: nosniff\r\n".into(), b"1".to_vec()))
        .with("/app/page.png", "image/png", page)
        .at("/app/cut.png", Answer::Cut("Content-Type: image/png\r\n".into(), PNG.to_vec()));
    let ran = run(site, STEP);
    insta::assert_snapshot!(ran.errors());
    insta::assert_snapshot!(ran.list());
    // The trace holds what is broken, behind the page.
    assert_eq!(ran.report["scenarios"][0]["steps"][0]["trace"].as_array().unwrap().len(), 8);
}

#[test]
fn what_lies_elsewhere_is_told_by_whether_the_page_said_so() {
    let page = "<script src=/assets/index.js></script><script src='http://woodpecker:8000/x.js'></script>\
                <link rel=icon href=/favicon.ico><img src=here.png><script src=moved.js></script>\
                <script src=away.js></script>";
    let site = || {
        Site::default()
            .page("/app/", page)
            .with("/assets/index.js", "text/javascript", "1")
            .with("/app/here.png", "image/png", PNG)
            .redirect("/app/moved.js", "/assets/index.js")
            .redirect("/app/away.js", "http://elsewhere.test/x.js")
    };
    let ran = run(site(), STEP);
    insta::assert_snapshot!(ran.errors());
    insta::assert_snapshot!(ran.list());
    let free = run(site(), "  - assets: ${base_url}/app/\n    ignore: /here[.]png\n");
    insta::assert_snapshot!(free.passed().list());
}

#[test]
fn other_origins_are_loaded_where_the_step_names_them() {
    let other = Site::default()
        .with("/app/x.js", "text/javascript", "import './y.js'")
        .with("/app/y.js", "text/javascript", "")
        .at(
            "/app/m.js",
            Answer::Whole(
                200,
                "Content-Type: text/javascript\r\nAccess-Control-Allow-Origin: *\r\n".into(),
                b"1".into(),
            ),
        )
        .serve();
    let page = format!(
        "<script src='{0}/app/x.js'></script><script type=module src='{0}/app/m.js'></script>\
         <script type=module src='{0}/app/y.js'></script>",
        other.origin
    );
    let site = Site::default().page("/app/", &page);
    let ran = run(site, &format!("{STEP}    origins: {}\n", other.origin));
    insta::assert_snapshot!(ran.errors());
    assert_eq!(other.targets(), ["/app/m.js", "/app/x.js", "/app/y.js"]);
    assert_eq!(other.field("/app/x.js", "origin"), None);
    assert_eq!(other.field("/app/m.js", "origin").as_deref(), Some(ran.site.origin.as_str()));
    assert_eq!(other.field("/app/x.js", "referer"), Some(format!("{}/", ran.site.origin)));
}

#[test]
fn requests_are_those_of_a_browser() {
    let site = well().at(
        "/app/",
        Answer::Whole(
            200,
            "Content-Type: text/html\r\nSet-Cookie: here=1; Path=/app\r\nSet-Cookie: deep=1; Path=/app/js\r\n".into(),
            b"<link rel=stylesheet href=style.css><script type=module src=js/a.js></script><link rel=manifest href=m.json>"
                .to_vec(),
        ),
    );
    let ran = run(
        site,
        &format!(
            "{STEP}    headers: {{ X-Trace: smoke, Accept-Language: en }}\n    basic_auth: {{ user: a, password: b }}\n"
        ),
    )
    .passed();
    let field = |path: &str, name: &str| ran.site.field(path, name).unwrap_or_default();
    let page = format!("{}/app/", ran.site.origin);
    assert_eq!(field("/app/style.css", "cookie"), "here=1");
    assert_eq!(field("/app/js/a.js", "cookie"), "deep=1; here=1");
    assert_eq!(field("/app/m.json", "cookie"), "", "a manifest is asked for without cookies");
    assert_eq!(field("/app/style.css", "accept"), "text/css,*/*;q=0.1");
    assert_eq!(field("/app/style.css", "referer"), page);
    assert_eq!(field("/app/more/other.css", "referer"), format!("{page}style.css"));
    assert_eq!(field("/app/js/c.js", "referer"), format!("{page}js/a.js"));
    // Loopback is a place where browsers say what a request is for.
    let fetch = |path: &str| ["Dest", "Mode", "Site"].map(|name| field(path, &format!("Sec-Fetch-{name}"))).join(" ");
    assert_eq!(fetch("/app/js/a.js"), "script cors same-origin");
    assert_eq!(fetch("/app/style.css"), "style no-cors same-origin");
    assert_eq!(fetch("/app/f.woff2"), "font cors same-origin");
    for path in ["/app/", "/app/style.css", "/app/js/c.js"] {
        assert_eq!(field(path, "x-trace"), "smoke");
        assert_eq!(field(path, "authorization"), "Basic YTpi");
    }
    assert!(!ran.answer.contains("YTpi"));
}

#[test]
fn several_are_on_their_way_at_once() {
    let images: String = (0..8).map(|number| format!("<img src={number}.png>")).collect();
    let together =
        Answer::Together(8, Box::new(Answer::Whole(200, "Content-Type: image/png\r\n".into(), PNG.to_vec())));
    let site = (0..8).fold(Site::default().page("/app/", &images), |site, number| {
        site.at(&format!("/app/{number}.png"), together.clone())
    });
    run(site, STEP).passed();
}

#[test]
fn five_thousand_references_end_at_the_limit() {
    let images: String = (0..5000).map(|number| format!("<img src={number}.png>\n")).collect();
    let site = || {
        (0..5000).fold(Site::default().page("/app/", &images), |site, number| {
            site.with(&format!("/app/{number}.png"), "image/png", PNG)
        })
    };
    let ran = run(site(), STEP);
    insta::assert_snapshot!(ran.errors());
    assert_eq!(ran.site.targets().len(), 1001);
    let ran = run(site(), &format!("{STEP}    ignore: '[1-9]\\.png$'\n    limit: 6000\n")).passed();
    assert_eq!(ran.site.targets().len(), 501);
}

#[test]
fn pages_without_an_end_and_pages_that_are_none() {
    insta::assert_snapshot!(
        run(Site::default().at("/app/", Answer::Whole(200, String::new(), Vec::new())), STEP).errors()
    );
    insta::assert_snapshot!(run(Site::default(), STEP).errors());
    insta::assert_snapshot!(run(Site::default().page("/app/", "<p>Hello"), STEP).errors());
    run(Site::default().page("/app/", "<p>Hello"), &format!("{STEP}    expect: {{ assets: {{ count: 0 }} }}\n"))
        .passed();
    let broken =
        "<script src=a.js></script><!-- <div <img src=b.png <style>@import \"c.css</style><script>import(`d.js";
    let site = Site::default().page("/app/", broken).with("/app/a.js", "text/javascript", "/* it's");
    insta::assert_snapshot!(run(site, STEP).passed().list());
}

#[test]
fn servers_that_break_off_or_send_without_end() {
    let site = Site::default()
        .page(
            "/app/",
            "<script src=cut.js></script><img src=long.png><video src=long.mp4></video><script src=round.js></script>",
        )
        .at("/app/cut.js", Answer::Cut("Content-Type: text/javascript\r\n".into(), b"import './x.js'".to_vec()))
        .at("/app/long.png", Answer::Long("Content-Type: image/png\r\n".into(), 1 << 30))
        .at("/app/long.mp4", Answer::Long("Content-Type: video/mp4\r\n".into(), 1 << 30))
        .redirect("/app/round.js", "round.js");
    let ran = run(site, STEP);
    insta::assert_snapshot!(ran.errors());
    assert_eq!(ran.assets()[2]["bytes"], 1 << 30);
}

#[test]
fn a_server_that_never_answers_is_named_and_no_verdict_is_built_on_it() {
    let site = Site::default()
        .page("/app/", "<script src=never.js></script><script src=well.js></script>")
        .at("/app/never.js", Answer::Never)
        .with("/app/well.js", "text/javascript", "1");
    let ran = run(site, &format!("{STEP}    timeout: 500ms\n"));
    assert_eq!(ran.exit, Some(3), "{}", ran.answer);
    insta::assert_snapshot!(ran.located());
    insta::assert_snapshot!(ran.list());
}

#[test]
fn expectations_that_do_not_hold() {
    let ran = run(
        well(),
        &format!(
            "{STEP}    expect: {{ assets: {{ scripts: 2, images: {{ at_least: 9 }}, urls: {{ contains: /forge/ }} }} }}\n"
        ),
    );
    insta::assert_snapshot!(ran.errors());
    // An expectation of what is broken takes the place of the rule that nothing may be.
    let site = || Site::default().page("/app/", "<script src=gone.js></script>");
    run(site(), &format!("{STEP}    expect: {{ assets: {{ broken: 1 }} }}\n")).passed();
    insta::assert_snapshot!(run(site(), &format!("{STEP}    expect: {{ assets: {{ broken: 0 }} }}\n")).errors());
}

#[test]
fn secrets_in_addresses_are_hidden() {
    let site = Site::default().page("/app/", "<script src='x.js?token=s3cr3t-token-0123'></script>").serve();
    let scenario = format!("name: Journey\nsecrets: [token]\nsteps:\n{STEP}");
    let mut program = Program::new(&["--base-url", &site.origin, "--secret", "token", "journey.yaml"])
        .file("journey.yaml", scenario)
        .env("TOKEN", "s3cr3t-token-0123");
    let answer = program.answer();
    let report = program.left("reports/latest/report.json");
    assert!(answer.contains("x.js?token=***"), "{answer}");
    assert!(!answer.contains("s3cr3t") && !report.contains("s3cr3t"));
}

#[test]
fn a_prerequisite_that_is_not_there_skips_the_journey() {
    let steps = "  - get: /app/front.js\n    prerequisite: there is no front end here\n    expect: { status: { not: 404 } }\n\
                 \x20 - get: /app/\n    expect: { status: 200 }\n";
    let ran = run(Site::default(), steps);
    assert_eq!(ran.exit, Some(3), "{}", ran.answer);
    let scenario = &ran.report["scenarios"][0];
    assert_eq!(scenario["outcome"], "skipped");
    let reason = filtered(scenario["reason"].as_str().unwrap());
    assert_eq!(reason, "there is no front end here (GET http://127.0.0.1:[port]/app/front.js → 404)");
    let there = Site::default().with("/app/front.js", "text/javascript", "1").page("/app/", "");
    run(there, steps).passed();
    // What can't be looked at is no answer.
    let never = Site::default().at("/app/front.js", Answer::Never);
    let ran = run(never, &steps.replacen("    expect", "    timeout: 300ms\n    expect", 1));
    assert_eq!(ran.report["scenarios"][0]["outcome"], "failed");
}
