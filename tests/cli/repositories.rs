//! Steps with repositories: what passes, what is left behind, and how what comes in git's place is shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use doubles::forge::Forge;
use doubles::forge::repositories::Repositories;
use edge::Edge;
use git_wire::Service;
use git_wire::advertisement::{Advertisement, Reference};
use git_wire::object::{Object, ObjectId};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serve::{Body, Server, full};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::caddy::{self, Caddy};
use crate::program::{Program, filtered};

/// What a run came to.
struct Ran {
    exit: Option<i32>,
    /// The located errors.
    errors: String,
    /// Titles and outcomes of the steps.
    steps: Vec<String>,
    /// The whole answer.
    answer: String,
}

/// Walks a scenario at a site, as user `smoke` with the password `secret-word`.
fn walk(base: &str, steps: &str) -> Ran {
    let scenario = format!("name: Journey\nsecrets: [password]\nsteps:\n{steps}");
    let mut program = Program::new(&[
        "--base-url",
        base,
        "--var",
        "user=smoke",
        "--secret",
        "password",
        "--allow-writes",
        "journey.yaml",
    ])
    .env("PASSWORD", "secret-word")
    .file("journey.yaml", scenario);
    let output = program.output();
    let report: serde_json::Value = program
        .find("reports/latest/report.json")
        .map_or(serde_json::Value::Null, |text| serde_json::from_str(&text).unwrap());
    let steps = report["scenarios"][0]["steps"].as_array().cloned().unwrap_or_default();
    let failures = steps.iter().flat_map(|step| step["failures"].as_array().cloned().unwrap_or_default());
    let rendered: Vec<String> =
        failures.map(|failure| failure["rendered"].as_str().unwrap().trim_end().to_owned()).collect();
    Ran {
        exit: output.status.code(),
        errors: filtered(&rendered.join("\n\n")),
        steps: steps
            .iter()
            .map(|step| format!("{}: {}", step["title"].as_str().unwrap(), step["outcome"].as_str().unwrap()))
            .map(|line| filtered(&line))
            .collect(),
        answer: crate::program::shown(&output),
    }
}

/// A forge with a repository `smoke/demo`.
struct Bench {
    runtime: Runtime,
    forge: Forge,
}

impl Bench {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let forge = runtime.block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            Forge::builder().user("smoke", "secret-word").serve(listener).unwrap()
        });
        forge.repositories().create("smoke", "demo", Some("main")).unwrap();
        Self { runtime, forge }
    }

    /// A site with the forge, whose routes let through no more than this much, at a port.
    fn site(&self, port: u16, most: u64) -> routes::Site {
        let origin = routes::Origin { scheme: routes::Scheme::Http, host: "localhost".to_owned(), port };
        let upstreams = [("forge".to_owned(), self.forge.addr().to_string())].into();
        let mut site = routes::Site::standard(origin, routes::Mode::Subpath, &upstreams).unwrap();
        for route in &mut site.routes {
            if let routes::Action::Forward(forward) = &mut route.action {
                forward.max_body = Some(most);
            }
        }
        site
    }

    /// Behind an edge that lets through no more than this much.
    fn behind_an_edge(&self, most: u64) -> Edge {
        self.runtime.block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let port = listener.local_addr().unwrap().port();
            Edge::start(self.site(port, most), listener).unwrap()
        })
    }

    fn origin(&self) -> String {
        format!("http://{}", self.forge.addr())
    }

    fn repositories(&self) -> Repositories {
        self.forge.repositories()
    }

    fn branches(&self) -> Vec<String> {
        self.repositories().branches("smoke", "demo").into_iter().map(|commit| commit.branch).collect()
    }
}

/// A server that answers each request alike, given its method and target.
fn canned(answer: impl Fn(&str, &str) -> Response<Body> + Send + Sync + 'static) -> (Runtime, Server, String) {
    let runtime = Runtime::new().unwrap();
    let answer = Arc::new(answer);
    let server = runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Server::start(listener, move |request: Request<Incoming>, _| {
            let answer = answer.clone();
            async move {
                let (parts, body) = request.into_parts();
                let _ = body.collect().await;
                answer(parts.method.as_str(), &parts.uri.to_string())
            }
        })
        .unwrap()
    });
    let origin = format!("http://{}", server.address());
    (runtime, server, origin)
}

fn typed(status: u16, kind: &str, body: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut answer = Response::new(full(body));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    if !kind.is_empty() {
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
    }
    answer
}

const CLONE: &str = "  - git: { clone: /smoke/demo.git }\n";
const PUSH: &str = "  - git:
      push: /smoke/demo.git
      basic_auth: { user: \"${user}\", password: \"${password}\" }
      branch: new
      files: { a/b.txt: hello }
      undo: true
";

#[test]
fn what_comes_instead_of_the_list_of_references() {
    let page = "<!DOCTYPE html>\n<html><head><title>Woodpecker</title></head></html>";
    type Field = Option<(&'static str, &'static str)>;
    let cases: Vec<(u16, &str, &str, Field)> = vec![
        (200, "text/html; charset=utf-8", page, None),
        (200, "", "", None),
        (200, "text/plain", "hello", None),
        (303, "", "", Some(("location", "/user/login?redirect_to=%2fsmoke"))),
        (401, "text/plain", "Unauthorized\n", Some(("www-authenticate", "Basic realm=\"Gitea\""))),
        (403, "text/html", page, None),
        (404, "text/plain", "Not found.\n", None),
        (502, "text/plain", "502: no answer from forge", None),
        (500, "", "", None),
        (200, Service::UploadPack.advertisement_type(), page, None),
        (200, Service::UploadPack.advertisement_type(), "001e# service=git-upload-pack\n0000", None),
        (200, Service::UploadPack.advertisement_type(), "0010ERR go away\n", None),
    ];
    let mut all = String::new();
    for (status, kind, body, field) in cases {
        let (kind, body) = (kind.to_owned(), body.to_owned());
        let (_runtime, _server, origin) = canned(move |_, _| {
            let mut answer = typed(status, &kind, body.clone());
            if let Some((name, value)) = field {
                answer.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            answer
        });
        let ran = walk(&origin, CLONE);
        assert_ne!(ran.exit, Some(0), "{}", ran.answer);
        all.push_str(&ran.errors);
        all.push_str("\n\n");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_redirect_to_the_repository_is_followed_and_one_without_end_is_not() {
    let bench = Bench::new();
    let target = format!("{}/smoke/demo.git", bench.origin());
    let (_runtime, _server, origin) = canned(move |_, asked| {
        let query = asked.split_once("/info/refs").map(|(_, query)| query).unwrap_or_default();
        let location = match asked.starts_with("/old") {
            true => format!("{target}/info/refs{query}"),
            false => asked.to_owned(),
        };
        let mut answer = typed(301, "", "");
        answer.headers_mut().insert("location", HeaderValue::from_str(&location).unwrap());
        answer
    });
    let ran =
        walk(&origin, "  - git: { clone: /old/demo.git }\n    expect: { git: { file: { README.md: exists } } }\n");
    assert_eq!(ran.exit, Some(0), "{}", ran.answer);
    insta::assert_snapshot!(walk(&origin, CLONE).errors);
}

/// An advertisement of one branch `main`.
fn advertised(service: Service, id: ObjectId, capabilities: &[&str]) -> Response<Body> {
    let reference = |name: &str| Reference { name: name.to_owned(), id };
    let advertisement = Advertisement {
        references: vec![reference("HEAD"), reference("refs/heads/main")],
        capabilities: capabilities.iter().map(|&name| name.to_owned()).collect(),
    };
    typed(200, service.advertisement_type(), advertisement.write(service))
}

#[test]
fn packs_that_cannot_be_used() {
    let commit = Object::blob("no commit").id();
    let pack = |objects: &[Object]| {
        let mut pack = Vec::new();
        let mut writer = git_wire::pack::Writer::begin(u32::try_from(objects.len()).unwrap(), &mut pack);
        objects.iter().for_each(|object| writer.object(object, git_wire::pack::Compression::Fast, &mut pack));
        writer.finish(&mut pack);
        pack
    };
    let answer = |pack: &[u8]| {
        let mut out = Vec::new();
        git_wire::upload_pack::write_common(&mut out, None);
        git_wire::side_band::write(&mut out, pack);
        git_wire::pkt_line::flush(&mut out);
        out
    };
    let whole = pack(&[Object::blob("another")]);
    let mut broken = whole.clone();
    *broken.last_mut().unwrap() ^= 1;
    let result = Service::UploadPack.result_type();
    let contents: Vec<(&str, Vec<u8>)> = vec![
        ("text/html", b"<html>".to_vec()),
        (result, b"<html>".to_vec()),
        (result, Vec::new()),
        (result, answer(b"<html>")),
        (result, answer(&whole[..20])),
        (result, answer(&broken)),
        (result, answer(&whole)),
        (result, b"0028ERR upload-pack: not our ref 123456\n".to_vec()),
    ];
    let mut all = String::new();
    for (kind, content) in contents {
        let kind = kind.to_owned();
        let (_runtime, _server, origin) = canned(move |method, _| match method {
            "GET" => advertised(Service::UploadPack, commit, &["side-band-64k"]),
            _ => typed(200, &kind, content.clone()),
        });
        all.push_str(&walk(&origin, CLONE).errors);
        all.push_str("\n\n");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn pushes_that_are_not_taken() {
    let none = Object::blob("").id();
    let report = |unpack: Result<(), &str>, reference: Result<(), &str>| {
        let report = git_wire::receive_pack::Report {
            unpack: unpack.map_err(str::to_owned),
            references: vec![("refs/heads/new".to_owned(), reference.map_err(str::to_owned))],
        };
        let mut out = Vec::new();
        git_wire::side_band::write_progress(&mut out, "error: over quota\n");
        out.extend(report.write(true));
        out
    };
    let result = Service::ReceivePack.result_type();
    let contents: Vec<(u16, &str, Vec<u8>)> = vec![
        (413, "text/html", b"<html>too large</html>".to_vec()),
        (200, "", Vec::new()),
        (200, result, Vec::new()),
        (200, result, b"<html>".to_vec()),
        (200, result, report(Err("index-pack abnormal exit"), Err("unpacker error"))),
        (200, result, report(Ok(()), Err("pre-receive hook declined"))),
        // The report says yes, and the branch isn't there.
        (200, result, report(Ok(()), Ok(()))),
    ];
    let mut all = String::new();
    for (status, kind, content) in contents {
        let kind = kind.to_owned();
        let (_runtime, _server, origin) = canned(move |method, target| match (method, target.contains("receive")) {
            ("GET", true) => advertised(Service::ReceivePack, none, &["report-status", "side-band-64k", "delete-refs"]),
            ("GET", false) => advertised(Service::UploadPack, none, &["side-band-64k"]),
            _ => typed(status, &kind, content.clone()),
        });
        let ran = walk(&origin, PUSH);
        assert!(!ran.answer.contains("secret-word"), "{}", ran.answer);
        all.push_str(&ran.errors);
        all.push_str("\n\n");
    }
    insta::assert_snapshot!(filtered_ids(&all));
}

/// Commits that are made now have other ids each time.
fn filtered_ids(text: &str) -> String {
    regex::Regex::new("[0-9a-f]{40}").unwrap().replace_all(text, "[id]").into_owned()
}

#[test]
fn expectations_that_do_not_hold_say_what_is_there() {
    let bench = Bench::new();
    let steps = "  - git: { clone: /smoke/demo.git }
    expect:
      git:
        commit: \"123\"
        message: { contains: nosuch }
        head: trunk
        branch: { other: exists, main: absent }
        file: { docs/a.txt: exists, README.md: { contains: nosuch } }
";
    insta::assert_snapshot!(filtered_ids(&walk(&bench.origin(), steps).errors));
    let steps = "  - git: { clone: /smoke/demo.git, branch: other }\n";
    insta::assert_snapshot!(walk(&bench.origin(), steps).errors);
    let steps = "  - git: { clone: /smoke/demo.git, branch: \"${user}..x\" }\n";
    insta::assert_snapshot!(walk(&bench.origin(), steps).errors);
    let steps = "  - get: /smoke/demo.git/HEAD\n    expect: { git: { head: main } }\n";
    insta::assert_snapshot!(walk(&bench.origin(), steps).errors);
}

#[test]
fn an_empty_repository_is_a_clone_too() {
    let bench = Bench::new();
    bench.repositories().create("smoke", "empty", None).unwrap();
    let steps = "  - git: { clone: /smoke/empty.git }\n    expect: { git: { commit: absent, head: absent, file: { a: absent } } }\n";
    let ran = walk(&bench.origin(), steps);
    assert_eq!(ran.exit, Some(0), "{}", ran.answer);
}

#[test]
fn a_push_is_taken_back_however_the_journey_ends() {
    let bench = Bench::new();
    let ran = walk(&bench.origin(), PUSH);
    assert_eq!(ran.exit, Some(0), "{}", ran.answer);
    assert_eq!(ran.steps, ["git push /smoke/demo.git: passed", "git: delete new: passed"]);
    assert_eq!(bench.branches(), ["main"]);

    let failing = format!("{PUSH}    expect: {{ git: {{ commit: nosuch }} }}\n  - get: /never\n");
    let ran = walk(&bench.origin(), &failing);
    assert_eq!(ran.steps, ["git push /smoke/demo.git: failed", "git: delete new: passed"]);
    assert_eq!(bench.branches(), ["main"]);

    let late = format!(
        "{PUSH}    retry: {{ within: 100ms, every: 50ms }}\n    expect: {{ git: {{ file: {{ b: exists }} }} }}\n"
    );
    let ran = walk(&bench.origin(), &late);
    assert_eq!(ran.steps, ["git push /smoke/demo.git: failed", "git: delete new: passed"], "{}", ran.answer);
    assert_eq!(bench.branches(), ["main"]);
}

#[test]
fn a_branch_that_was_there_is_added_to_and_set_back() {
    let bench = Bench::new();
    let before = bench.repositories().branch("smoke", "demo", "main").unwrap();
    let steps = PUSH.replace("branch: new", "branch: main");
    let checked = format!("{steps}    expect: {{ git: {{ file: {{ README.md: exists, a/b.txt: hello }} }} }}\n{steps}");
    let ran = walk(&bench.origin(), &checked);
    assert_eq!(ran.exit, Some(0), "{}", ran.answer);
    assert_eq!(ran.steps.last().unwrap(), "git: set main back: passed");
    assert_eq!(bench.repositories().branch("smoke", "demo", "main").unwrap(), before);
}

#[test]
fn what_somebody_else_pushed_meanwhile_is_left_alone() {
    let bench = Bench::new();
    let repositories = bench.repositories();
    let is_done = AtomicBool::new(false);
    let theirs = repositories.clone();
    repositories.on_push(move |push| {
        // Theirs is told of as well.
        if push.reference == "refs/heads/new" && !is_done.swap(true, Ordering::SeqCst) {
            theirs.commit_file("smoke", "demo", "new", "theirs", b"", "Theirs").unwrap();
        }
    });
    let ran = walk(&bench.origin(), PUSH);
    assert_eq!(bench.branches(), ["main", "new"]);
    insta::assert_snapshot!(filtered_ids(&ran.errors));
}

/// What is announced, and what comes in pieces of a length that nobody was told.
fn lets_little_through(bench: &Bench, origin: &str, found: &str) {
    let steps = |size: &str| format!("{}      size: {size}\n", PUSH.replace("/smoke", "/forge/smoke"));
    for size in ["1MB", "30MB"] {
        let ran = walk(origin, &steps(size));
        assert!(ran.errors.contains("the push is too large for somebody on the way"), "{size}: {}", ran.answer);
        assert!(ran.errors.contains(found), "{size}: {}", ran.errors);
        assert_eq!(bench.branches(), ["main"]);
    }
    let ran = walk(origin, &steps("900KB"));
    assert_eq!(ran.exit, Some(0), "{}", ran.answer);
}

#[test]
fn an_edge_that_lets_little_through_is_named() {
    let bench = Bench::new();
    let edge = bench.behind_an_edge(1_000_000);
    let origin = format!("http://localhost:{}", edge.addr().port());
    lets_little_through(&bench, &origin, "= found:    413 with `text/plain");
}

#[test]
fn caddy_that_lets_little_through_is_named() {
    let Some(program) = caddy::find() else { return };
    let bench = Bench::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _caddy = runtime.block_on(Caddy::start(&program, &bench.site(port, 1_000_000)));
    lets_little_through(&bench, &format!("http://localhost:{port}"), "= found:    413 with no Content-Type");
}
