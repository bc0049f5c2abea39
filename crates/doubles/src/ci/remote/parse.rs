//! What the forge's answers say.

use serde_json::Value;

use crate::ci::model::{Permission, RemoteRepository, Tokens, User};
use crate::ci::token::now;

/// The most of a message that is passed on, in characters.
const MAX_MESSAGE: usize = 200;

/// The tokens of an answer (RFC 6749, section 5.1).
pub(super) fn tokens(body: &[u8]) -> Result<Tokens, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| format!("oauth2: cannot parse json: {error}"))?;
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let access = text("access_token");
    if access.is_empty() {
        return Err("oauth2: server response missing access_token".to_owned());
    }
    // Without a lifetime a token lasts for ever.
    let expires = value["expires_in"].as_u64().map_or(u64::MAX, |seconds| now().saturating_add(seconds));
    Ok(Tokens { access, refresh: text("refresh_token"), expires })
}

/// The error code of a refusal (section 5.2).
pub(super) fn oauth_error(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let code = value["error"].as_str()?;
    Some(match value["error_description"].as_str() {
        Some(words) if !words.is_empty() => format!("\"{}\" \"{}\"", short(code), short(words)),
        _ => format!("\"{}\"", short(code)),
    })
}

/// The message of a refusal by the API.
pub(super) fn message(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    value["message"].as_str().map(short)
}

fn short(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(MAX_MESSAGE).collect()
}

/// Who a token belongs to.
pub(super) fn user(value: &Value) -> Option<User> {
    let login = value["login"].as_str().filter(|login| !login.is_empty())?.to_owned();
    Some(User {
        remote_id: value["id"].as_u64()?.to_string(),
        login,
        email: value["email"].as_str().unwrap_or_default().to_owned(),
        avatar: value["avatar_url"].as_str().unwrap_or_default().to_owned(),
        ..User::default()
    })
}

/// A repository, in answers and in webhooks.
pub(in crate::ci) fn repository(value: &Value) -> Option<RemoteRepository> {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let full_name = value["full_name"].as_str()?.to_owned();
    let (_, name) = full_name.split_once('/')?;
    let owner = &value["owner"];
    let owner_name = owner["login"].as_str().or_else(|| owner["username"].as_str())?;
    let granted = |name: &str| value["permissions"][name].as_bool().unwrap_or(false);
    let hidden_owner = owner["visibility"].as_str().is_some_and(|visibility| !matches!(visibility, "" | "public"));
    Some(RemoteRepository {
        remote_id: value["id"].as_u64()?.to_string(),
        owner: owner_name.to_owned(),
        name: name.to_owned(),
        avatar: owner["avatar_url"].as_str().unwrap_or_default().to_owned(),
        forge_url: text("html_url"),
        clone_url: text("clone_url"),
        clone_ssh: text("ssh_url"),
        branch: text("default_branch"),
        private: value["private"].as_bool().unwrap_or(false) || hidden_owner,
        pull_requests: value["has_pull_requests"].as_bool().unwrap_or(false),
        permission: Permission { pull: granted("pull"), push: granted("push"), admin: granted("admin") },
        full_name,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_and_refusals() {
        let given = tokens(br#"{"access_token":"a","token_type":"bearer","expires_in":3600,"refresh_token":"r"}"#);
        let given = given.unwrap();
        assert_eq!((given.access.as_str(), given.refresh.as_str()), ("a", "r"));
        assert!(given.expires >= now() + 3500);
        assert_eq!(tokens(br#"{"access_token":"a"}"#).unwrap().expires, u64::MAX);
        assert!(tokens(b"<!doctype html>").unwrap_err().contains("cannot parse json"));
        assert!(tokens(b"{}").unwrap_err().contains("missing access_token"));
        let refused = br#"{"error":"unauthorized_client","error_description":"not\nyours"}"#;
        assert_eq!(oauth_error(refused).unwrap(), "\"unauthorized_client\" \"notyours\"");
        assert_eq!(oauth_error(b"<html>"), None);
    }

    #[test]
    fn a_repository_needs_its_names_and_its_id() {
        let whole = json!({
            "id": 7, "full_name": "alice/demo", "owner": { "login": "alice", "visibility": "public" },
            "clone_url": "http://edge.test/forge/alice/demo.git", "default_branch": "main",
            "permissions": { "admin": true, "push": true, "pull": true },
        });
        let read = repository(&whole).unwrap();
        assert_eq!((read.remote_id.as_str(), read.owner.as_str(), read.name.as_str()), ("7", "alice", "demo"));
        assert!(read.permission.admin && !read.private);
        for missing in ["id", "full_name", "owner"] {
            let mut value = whole.clone();
            value[missing] = Value::Null;
            assert!(repository(&value).is_none(), "{missing}");
        }
        let mut hidden = whole;
        hidden["owner"]["visibility"] = "limited".into();
        assert!(repository(&hidden).unwrap().private);
    }
}
