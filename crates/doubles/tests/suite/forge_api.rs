//! The REST API: users, repositories, files, branches, statuses, issues, pull requests, and who may do what.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doubles::forge::Flavour;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::standing::{Caller, FLAVOURS, basic, forge, with};

const DEMO: &str = "/repos/smoke/demo";

async fn demo(caller: &Caller<'_>) {
    let made = caller.post("/user/repos", json!({ "name": "demo", "auto_init": true, "default_branch": "main" })).await;
    assert_eq!(made.status, 201, "{}", made.body);
}

#[tokio::test]
async fn errors_have_the_real_shape() {
    for flavour in FLAVOURS {
        let forge = forge(flavour).await;
        let (smoke, nobody) = (Caller::smoke(&forge), Caller::nobody(&forge));
        let wrong = Caller { forge: &forge, authorization: basic("smoke", "wrong") };
        for (answer, status, message) in [
            (nobody.get("/user").await, 401, "token is required"),
            (wrong.get("/version").await, 401, "invalid username, password or token"),
            (smoke.post("/user/repos", json!({})).await, 422, "[Name]: Required"),
            (smoke.post("/user/repos", json!({ "name": "a b" })).await, 422, "[Name]: AlphaDashDot"),
            (nobody.post("/user/repos", json!({ "name": "x" })).await, 401, "token is required"),
        ] {
            let error = answer.json();
            assert_eq!((answer.status, &error["message"]), (status, &json!(message)));
            assert_eq!(error["url"], "http://edge.test/forge/api/swagger");
            assert_eq!(answer.content_type.as_deref(), Some("application/json;charset=utf-8"));
        }
        let errors = smoke.get("/repos/smoke/nope").await.json()["errors"].clone();
        assert_eq!(errors, if flavour == Flavour::Gitea { Value::Null } else { json!([]) });
        let mut browser = Browser::new(forge.addr());
        assert_eq!(browser.get("/api/v1/nosuch").await.body, "404 page not found\n");
        let wrong_method = smoke.post("/version", Value::Null).await;
        assert_eq!((wrong_method.status, &wrong_method.headers["allow"]), (405, &"GET".parse().unwrap()));
        for junk in ["{bad", "[1]", "\"x\""] {
            let authorization = basic("smoke", "right");
            let answer = browser.send("POST", "/api/v1/user/repos", junk, &[("authorization", &authorization)]).await;
            assert_eq!(answer.status, 422, "{junk}");
        }
    }
}

#[tokio::test]
async fn a_repository_with_a_pipeline() {
    let forge = forge(Flavour::Forgejo).await;
    let smoke = Caller::smoke(&forge);
    demo(&smoke).await;
    let again = smoke.post("/user/repos", json!({ "name": "Demo" })).await;
    assert_eq!(again.status, 409, "{}", again.body);
    let there = smoke.get(DEMO).await.json();
    assert_eq!(
        (&there["full_name"], &there["clone_url"]),
        (&json!("smoke/demo"), &json!("http://edge.test/forge/smoke/demo.git"))
    );
    assert_eq!(there["permissions"], json!({ "admin": true, "push": true, "pull": true }));
    assert_eq!(there["url"], "http://edge.test/forge/api/v1/repos/smoke/demo");

    let file = format!("{DEMO}/contents/.woodpecker.yaml");
    let wanted = json!({ "message": "ci", "content": STANDARD.encode("steps:\n") });
    let made = smoke.post(&file, wanted.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let members: Vec<String> = made.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["content", "commit", "verification"]);
    assert_eq!(smoke.post(&file, wanted).await.status, 422, "it is there already");
    let read = smoke.get(&file).await.json();
    assert_eq!((&read["type"], &read["encoding"], &read["size"]), (&json!("file"), &json!("base64"), &json!(7)));
    let raw = smoke.get(&format!("{DEMO}/raw/.woodpecker.yaml")).await;
    assert_eq!((raw.content_type.as_deref(), raw.body.as_str()), (Some("text/plain; charset=utf-8"), "steps:\n"));
    let names: Vec<Value> = smoke
        .get(&format!("{DEMO}/contents"))
        .await
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].clone())
        .collect();
    assert_eq!(names, [".woodpecker.yaml", "README.md"]);
    let change = json!({ "content": STANDARD.encode("more\n"), "sha": read["sha"] });
    assert_eq!(smoke.call("PUT", &file, change.clone()).await.status, 200);
    assert_eq!(smoke.call("PUT", &file, change).await.status, 422, "of a version that is gone");

    let head = smoke.get(&format!("{DEMO}/branches/main")).await.json()["commit"]["id"].clone();
    let reference = smoke.get(&format!("{DEMO}/git/refs/heads/main")).await.json();
    assert_eq!(reference[0]["object"]["sha"], head);
    let commit = smoke.get(&format!("{DEMO}/git/commits/{}", head.as_str().unwrap())).await.json();
    assert_eq!((&commit["sha"], &commit["author"]["login"]), (&head, &json!("smoke")));
    // A CI server reads a file as it was when it was pushed.
    let then = commit["parents"][0]["sha"].as_str().unwrap();
    assert_eq!(smoke.get(&format!("{DEMO}/raw/.woodpecker.yaml?ref={then}")).await.body, "steps:\n");
    let shown = smoke.get(&format!("{DEMO}/contents/.woodpecker.yaml?ref={then}")).await.json();
    assert_eq!(shown["html_url"], format!("http://edge.test/forge/smoke/demo/src/commit/{then}/.woodpecker.yaml"));
    assert_eq!(smoke.get(&format!("{DEMO}/raw/README.md?ref={}", "0".repeat(40))).await.status, 404);
    let commits = smoke.get(&format!("{DEMO}/commits?limit=2")).await;
    assert_eq!(
        (commits.json().as_array().unwrap().len(), &commits.headers["x-total-count"]),
        (2, &"3".parse().unwrap())
    );
    assert!(commits.headers["link"].to_str().unwrap().contains("page=2>; rel=\"next\""));
}

#[tokio::test]
async fn branches_issues_and_pull_requests() {
    let forge = forge(Flavour::Gitea).await;
    let smoke = Caller::smoke(&forge);
    demo(&smoke).await;
    let branches = format!("{DEMO}/branches");
    for (body, status) in [
        (json!({ "new_branch_name": "feat/one", "old_branch_name": "main" }), 201),
        (json!({ "new_branch_name": "feat/one" }), 409),
        (json!({ "new_branch_name": "x", "old_branch_name": "nope" }), 404),
        (json!({ "new_branch_name": "a..b" }), 422),
    ] {
        assert_eq!(smoke.post(&branches, body.clone()).await.status, status, "{body}");
    }
    assert_eq!(smoke.get(&format!("{branches}/feat/one")).await.json()["name"], "feat/one");
    assert_eq!(smoke.call("DELETE", &format!("{branches}/main"), Value::Null).await.status, 403);

    let issue = smoke.post(&format!("{DEMO}/issues"), json!({ "title": "t", "body": "b" })).await;
    assert_eq!((issue.status, &issue.json()["number"]), (201, &json!(1)));
    assert_eq!(
        issue.json()["html_url"],
        "http://edge.test/smoke/demo/issues/1".replace("edge.test", "edge.test/forge")
    );
    assert_eq!(smoke.post(&format!("{DEMO}/issues"), json!({ "body": "b" })).await.status, 422);
    assert_eq!(Caller::nobody(&forge).post(&format!("{DEMO}/issues"), json!({ "title": "t" })).await.status, 401);

    let pulls = format!("{DEMO}/pulls");
    for (head, base, status) in
        [("feat/one", "main", 201), ("feat/one", "main", 409), ("nope", "main", 404), ("main", "main", 422)]
    {
        let answer = smoke.post(&pulls, json!({ "head": head, "base": base, "title": "t" })).await;
        assert_eq!(answer.status, status, "{head}: {}", answer.body);
    }
    let pull = smoke.get(&format!("{pulls}/2")).await.json();
    assert_eq!(
        (&pull["number"], &pull["head"]["ref"], &pull["base"]["ref"]),
        (&json!(2), &json!("feat/one"), &json!("main"))
    );
    assert_eq!(smoke.get(&format!("{pulls}/1")).await.status, 404, "an issue");
    assert_eq!(smoke.get(DEMO).await.json()["open_pr_counter"], 1);
    let closed = smoke.call("PATCH", &format!("{DEMO}/issues/1"), json!({ "state": "closed" })).await.json();
    assert_eq!(closed["state"], "closed");
}

#[tokio::test]
async fn labels_are_given_by_their_ids() {
    let forge = forge(Flavour::Gitea).await;
    let smoke = Caller::smoke(&forge);
    demo(&smoke).await;
    let labels = format!("{DEMO}/labels");
    assert_eq!(smoke.get(&labels).await.json(), json!([]));
    let bug = smoke.post(&labels, json!({ "name": "bug", "color": "#ee0701" })).await;
    assert_eq!((bug.status, &bug.json()["color"]), (201, &json!("ee0701")));
    assert_eq!(smoke.post(&labels, json!({ "name": "x", "color": "red" })).await.status, 422);
    let id = bug.json()["id"].clone();
    let issue = smoke.post(&format!("{DEMO}/issues"), json!({ "title": "t", "labels": [id, 4711] })).await.json();
    assert_eq!(issue["labels"].as_array().unwrap().len(), 1, "what isn't there is passed over");
    assert_eq!(smoke.get(&format!("{DEMO}/issues/1")).await.json()["labels"][0]["name"], "bug");
    let by_name = smoke.post(&format!("{DEMO}/issues"), json!({ "title": "t", "labels": ["bug"] })).await;
    assert_eq!(by_name.status, 422, "names are not what the API takes");
}

#[tokio::test]
async fn statuses() {
    let forge = forge(Flavour::Forgejo).await;
    let smoke = Caller::smoke(&forge);
    demo(&smoke).await;
    let head = smoke.get(&format!("{DEMO}/branches/main")).await.json()["commit"]["id"].as_str().unwrap().to_owned();
    for (state, context) in [("failure", "ci/a"), ("success", "ci/a"), ("pending", "ci/b")] {
        let said = smoke.post(&format!("{DEMO}/statuses/{head}"), json!({ "state": state, "context": context })).await;
        assert_eq!((said.status, &said.json()["status"]), (201, &json!(state)));
    }
    let all = smoke.get(&format!("{DEMO}/commits/main/status")).await.json();
    assert_eq!((&all["state"], &all["total_count"], &all["sha"]), (&json!("pending"), &json!(2), &json!(head)));
    assert_eq!(smoke.get(&format!("{DEMO}/statuses/{head}")).await.json().as_array().unwrap().len(), 3);
    assert_eq!(
        smoke.post(&format!("{DEMO}/statuses/{}", "0".repeat(40)), json!({ "state": "success" })).await.status,
        500
    );
}

#[tokio::test]
async fn who_may_do_what() {
    let forge = forge(Flavour::Gitea).await;
    let smoke = Caller::smoke(&forge);
    demo(&smoke).await;
    let new = json!({ "username": "bob", "email": "bob@edge.test", "password": "also right" });
    assert_eq!(smoke.post("/admin/users", new.clone()).await.status, 201);
    assert_eq!(smoke.post("/admin/users", new).await.status, 422);
    let bob = Caller { forge: &forge, authorization: basic("bob", "also right") };
    let file = json!({ "content": "" });
    assert_eq!(bob.get(DEMO).await.json()["permissions"], json!({ "admin": false, "push": false, "pull": true }));
    for (method, path, body) in [
        ("GET", format!("{DEMO}/hooks"), Value::Null),
        ("POST", format!("{DEMO}/contents/x"), file.clone()),
        ("POST", format!("{DEMO}/branches"), json!({ "new_branch_name": "x" })),
        ("DELETE", DEMO.to_owned(), Value::Null),
        ("GET", "/admin/users".to_owned(), Value::Null),
        ("GET", "/users/smoke/tokens".to_owned(), Value::Null),
    ] {
        assert_eq!(bob.call(method, &path, body).await.status, 403, "{method} {path}");
    }
    let collaborator = format!("{DEMO}/collaborators/bob");
    assert_eq!(smoke.call("PUT", &collaborator, json!({ "permission": "write" })).await.status, 204);
    assert_eq!(bob.post(&format!("{DEMO}/contents/x"), file).await.status, 201);
    assert_eq!(smoke.get(&format!("{collaborator}/permission")).await.json()["permission"], "write");
    assert_eq!(bob.get("/user/repos").await.json()[0]["full_name"], "smoke/demo");
    smoke.call("DELETE", &collaborator, Value::Null).await;

    smoke.call("PATCH", DEMO, json!({ "private": true })).await;
    for stranger in [&bob, &Caller::nobody(&forge)] {
        assert_eq!(stranger.get(DEMO).await.status, 404);
    }
    assert_eq!(Browser::new(forge.addr()).get("/smoke/demo").await.status, 404);
    assert_eq!(smoke.call("DELETE", DEMO, Value::Null).await.status, 204);
    assert_eq!(smoke.get(DEMO).await.status, 404);
}

#[tokio::test]
async fn tokens_of_ones_own() {
    let forge = forge(Flavour::Forgejo).await;
    let smoke = Caller::smoke(&forge);
    let made = smoke.post("/users/smoke/tokens", json!({ "name": "t", "scopes": ["all"] })).await;
    let token = made.json()["sha1"].as_str().unwrap().to_owned();
    assert_eq!(smoke.post("/users/smoke/tokens", json!({ "name": "t2" })).await.status, 400, "no scope");
    for authorization in
        [format!("token {token}"), format!("Bearer {token}"), basic(&token, ""), basic("smoke", &token)]
    {
        let caller = Caller { forge: &forge, authorization };
        assert_eq!(caller.get("/user").await.status, 200, "{}", caller.authorization);
        let is_basic = caller.authorization.starts_with("Basic");
        assert_eq!(caller.get("/users/smoke/tokens").await.status, 401, "tokens don't make tokens; {is_basic}");
    }
    assert_eq!(smoke.call("DELETE", "/users/smoke/tokens/t", Value::Null).await.status, 204);
    let gone = Caller { forge: &forge, authorization: format!("token {token}") };
    assert_eq!(gone.get("/user").await.status, 401);
}

#[tokio::test]
async fn strangers_may_be_shut_out() {
    let forge = with(Flavour::Forgejo, &[("GITEA__service__REQUIRE_SIGNIN_VIEW", "true")]).await;
    demo(&Caller::smoke(&forge)).await;
    let mut browser = Browser::new(forge.addr());
    for path in ["/smoke", "/smoke/demo", "/smoke/demo/raw/branch/main/README.md"] {
        assert_eq!(browser.get(path).await.status, 303, "{path}");
    }
    for path in ["/", "/user/login", "/.well-known/openid-configuration", "/api/healthz"] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
    for path in [DEMO, "/version"] {
        assert_eq!(Caller::nobody(&forge).get(path).await.status, 403, "{path}");
    }
    assert_eq!(browser.get("/v2/token").await.status, 401);
    assert_eq!(Caller::smoke(&forge).get(DEMO).await.status, 200);
}
