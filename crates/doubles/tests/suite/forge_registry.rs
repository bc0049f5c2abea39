//! What container tools and strangers find: the registry's entrance, and the API that nobody may reach.

use doubles::forge::Flavour;

use crate::browser::{Answer, Browser};
use crate::standing::{basic, forge, with};

fn challenges(answer: &Answer) -> Vec<String> {
    answer.headers.get_all("www-authenticate").iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_registry_says_where_its_tokens_are() {
    for (flavour, expected) in [
        (
            Flavour::Forgejo,
            vec![r#"Bearer realm="http://edge.test/forge/v2/token",service="container_registry",scope="*""#],
        ),
        (
            Flavour::Gitea,
            vec![
                r#"Bearer realm="https://edge.test/v2/token",service="container_registry",scope="*""#,
                r#"Basic realm="Gitea Container Registry""#,
            ],
        ),
    ] {
        let forge = forge(flavour).await;
        let mut client = Browser::new(forge.addr());
        let refused = client.send("GET", "/v2/", "", &[("x-forwarded-proto", "https")]).await;
        assert_eq!((refused.status, refused.content_type.as_deref()), (401, Some("application/json")));
        assert_eq!(refused.json()["errors"][0]["code"], "UNAUTHORIZED");
        assert_eq!(refused.headers["docker-distribution-api-version"], "registry/2.0");
        assert_eq!(challenges(&refused), expected);

        let token = client.send("GET", "/v2/token", "", &[("authorization", &basic("smoke", "right"))]).await.json();
        let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
        assert_eq!(client.send("GET", "/v2/", "", &[("authorization", &bearer)]).await.status, 200);
        let missing = client.send("GET", "/v2/smoke/app/manifests/latest", "", &[("authorization", &bearer)]).await;
        assert_eq!((missing.status, &missing.json()["errors"][0]["code"]), (404, &"MANIFEST_UNKNOWN".into()));
        assert_eq!(client.send("GET", "/v2/", "", &[("authorization", "Bearer x")]).await.status, 401);
        assert_eq!(client.send("GET", "/v2/token", "", &[("authorization", &basic("smoke", "x"))]).await.status, 401);
        assert_eq!(client.send("POST", "/v2/", "", &[]).await.status, 405);
    }
    let without = with(Flavour::Forgejo, &[("GITEA__packages__ENABLED", "false")]).await;
    assert_eq!(Browser::new(without.addr()).get("/v2/").await.status, 404);
}

#[tokio::test]
async fn the_internal_api_opens_to_its_token_alone() {
    let header = "x-gitea-internal-auth";
    let set = with(Flavour::Forgejo, &[("FORGEJO__security__INTERNAL_TOKEN", "placeholder")]).await;
    let unset = forge(Flavour::Forgejo).await;
    for (forge, token, status) in [
        (&set, "Bearer placeholder", 200),
        (&set, "placeholder", 403),
        (&set, "Bearer other", 403),
        (&unset, "Bearer placeholder", 403),
        (&unset, "Bearer ", 403),
    ] {
        let mut client = Browser::new(forge.addr());
        let answer = client.send("GET", "/api/internal/manager/processes", "", &[(header, token)]).await;
        assert_eq!(answer.status, status, "{token}");
    }
    assert_eq!(Browser::new(set.addr()).get("/api/internal/manager/processes").await.status, 403);
}
