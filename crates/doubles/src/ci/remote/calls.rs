//! The calls, by the REST API that Gitea and Forgejo share.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Call, Remote, RemoteError, parse};
use crate::ci::model::{RemoteRepository, Status, Tokens, User};
use crate::ci::settings::ForgeKind;

/// How many items a page of a list has.
const PAGE: usize = 50;
/// How many pages of a list are read.
const MAX_PAGES: usize = 100;
/// What stays as it is in a segment of a path (RFC 3986, `unreserved`).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// The newest commit of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ci) struct Head {
    pub(in crate::ci) id: String,
    pub(in crate::ci) url: String,
}

/// What a commit's page at the forge says of a workflow.
#[derive(Debug)]
pub(in crate::ci) struct CommitState<'a> {
    pub(in crate::ci) commit: &'a str,
    pub(in crate::ci) status: Status,
    pub(in crate::ci) url: String,
    pub(in crate::ci) context: String,
}

impl Remote<'_> {
    /// A token for a code (RFC 6749, section 4.1.3). As Go's client does, the application's secret goes into the header first
    /// and, where that is refused, into the form.
    pub(in crate::ci) async fn exchange(&self, code: &str, redirect_uri: &str) -> Result<Tokens, RemoteError> {
        self.token(&[("code", code), ("grant_type", "authorization_code"), ("redirect_uri", redirect_uri)]).await
    }

    /// A new token for an old one (section 6).
    pub(in crate::ci) async fn refresh(&self, refresh_token: &str) -> Result<Tokens, RemoteError> {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    async fn token(&self, fields: &[(&str, &str)]) -> Result<Tokens, RemoteError> {
        let (client, secret) = (&self.settings.client, &self.settings.secret);
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(client), encoded(secret))));
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let with_secret = form_urlencoded::Serializer::new(form.clone())
            .extend_pairs([("client_id", client), ("client_secret", secret)])
            .finish();
        match self.ask_token(Some(basic), &form).await {
            Err(_) => self.ask_token(None, &with_secret).await,
            tokens => tokens,
        }
    }

    async fn ask_token(&self, authorization: Option<String>, form: &str) -> Result<Tokens, RemoteError> {
        let url = self.settings.token_url();
        let answer = self.send(Call { method: Method::POST, url, authorization, kind: Some(FORM), body: form }).await?;
        if !answer.status().is_success() {
            let why = parse::oauth_error(answer.body()).unwrap_or_else(|| "cannot fetch token".to_owned());
            return Err(RemoteError::Other(format!("oauth2: {why} ({})", answer.status())));
        }
        parse::tokens(answer.body()).map_err(RemoteError::Other)
    }

    /// Who a token belongs to.
    pub(in crate::ci) async fn user(&self, token: &str) -> Result<User, RemoteError> {
        let value = self.json(Method::GET, "/user", token, None).await?;
        parse::user(&value).ok_or_else(|| odd("/user"))
    }

    /// The repositories that somebody sees.
    pub(in crate::ci) async fn repositories(&self, token: &str) -> Result<Vec<RemoteRepository>, RemoteError> {
        let mut all = Vec::new();
        for page in 1..=MAX_PAGES {
            let path = format!("/user/repos?limit={PAGE}&page={page}");
            let value = self.json(Method::GET, &path, token, None).await?;
            let items = value.as_array().ok_or_else(|| odd("/user/repos"))?;
            all.extend(items.iter().filter(|item| item["archived"] != true).filter_map(parse::repository));
            if items.len() < PAGE {
                break;
            }
        }
        Ok(all)
    }

    /// One repository, by the forge's id.
    pub(in crate::ci) async fn repository(&self, token: &str, id: &str) -> Result<RemoteRepository, RemoteError> {
        let path = format!("/repositories/{}", segment(id));
        let value = self.json(Method::GET, &path, token, None).await?;
        parse::repository(&value).ok_or_else(|| odd(&path))
    }

    /// The newest commit of a branch.
    pub(in crate::ci) async fn head(
        &self,
        token: &str,
        repository: &RemoteRepository,
        branch: &str,
    ) -> Result<Head, RemoteError> {
        let path = format!("{}/branches/{}", repository_path(repository), path_of(branch));
        let value = self.json(Method::GET, &path, token, None).await?;
        let commit = &value["commit"];
        let id = commit["id"].as_str().filter(|id| !id.is_empty()).ok_or_else(|| odd(&path))?;
        Ok(Head { id: id.to_owned(), url: commit["url"].as_str().unwrap_or_default().to_owned() })
    }

    /// A file's content at a commit.
    pub(in crate::ci) async fn file(
        &self,
        token: &str,
        repository: &RemoteRepository,
        commit: &str,
        path: &str,
    ) -> Result<Bytes, RemoteError> {
        let path = format!("{}/raw/{}?ref={}", repository_path(repository), path_of(path), segment(commit));
        Ok(self.api(Method::GET, &path, token, None).await?.into_body())
    }

    /// The paths of the files in a folder at a commit.
    pub(in crate::ci) async fn folder(
        &self,
        token: &str,
        repository: &RemoteRepository,
        commit: &str,
        path: &str,
    ) -> Result<Vec<String>, RemoteError> {
        let path = format!("{}/contents/{}?ref={}", repository_path(repository), path_of(path), segment(commit));
        let value = self.json(Method::GET, &path, token, None).await?;
        let items = value.as_array().ok_or_else(|| odd(&path))?;
        let files = items.iter().filter(|item| item["type"] == "file");
        Ok(files.filter_map(|item| item["path"].as_str()).map(ToOwned::to_owned).collect())
    }

    /// Makes a webhook. The forge makes of `pull_request` all that happens to pull requests.
    pub(in crate::ci) async fn add_hook(
        &self,
        token: &str,
        repository: &RemoteRepository,
        url: &str,
        secret: &str,
    ) -> Result<(), RemoteError> {
        let kind = match self.settings.kind {
            ForgeKind::Gitea => "gitea",
            ForgeKind::Forgejo => "forgejo",
        };
        let hook = json!({
            "type": kind,
            "config": { "url": url, "secret": secret, "content_type": "json" },
            "events": ["push", "create", "pull_request", "release"],
            "branch_filter": "",
            "active": true,
            "authorization_header": "",
        });
        let path = format!("{}/hooks", repository_path(repository));
        self.api(Method::POST, &path, token, Some(&hook)).await.map(|_| ())
    }

    /// Removes the webhook that leads to a host.
    pub(in crate::ci) async fn remove_hook(
        &self,
        token: &str,
        repository: &RemoteRepository,
        host: &str,
    ) -> Result<(), RemoteError> {
        let host = url::Url::parse(host).ok();
        let path = format!("{}/hooks", repository_path(repository));
        let hooks = self.json(Method::GET, &format!("{path}?limit={PAGE}&page=1"), token, None).await?;
        let leads_there = |hook: &&Value| {
            let url = hook["config"]["url"].as_str().and_then(|url| url::Url::parse(url).ok());
            url.zip(host.as_ref()).is_some_and(|(url, host)| url.authority() == host.authority())
        };
        let hook = hooks.as_array().and_then(|hooks| hooks.iter().find(leads_there));
        if let Some(id) = hook.and_then(|hook| hook["id"].as_u64()) {
            self.api(Method::DELETE, &format!("{path}/{id}"), token, None).await?;
        }
        Ok(())
    }

    /// Tells the forge how a commit's workflow is.
    pub(in crate::ci) async fn set_state(
        &self,
        token: &str,
        repository: &RemoteRepository,
        state: &CommitState<'_>,
    ) -> Result<(), RemoteError> {
        let (word, description) = match state.status {
            Status::Pending => ("pending", "Pipeline is pending"),
            Status::Running => ("pending", "Pipeline is running"),
            Status::Success => ("success", "Pipeline was successful"),
            Status::Failure => ("failure", "Pipeline failed"),
            Status::Error => ("error", "Pipeline failed"),
            Status::Canceled | Status::Skipped => ("failure", "unknown status"),
            Status::Killed => ("failure", "Pipeline was canceled"),
        };
        let body =
            json!({ "state": word, "target_url": state.url, "description": description, "context": state.context });
        let path = format!("{}/statuses/{}", repository_path(repository), segment(state.commit));
        self.api(Method::POST, &path, token, Some(&body)).await.map(|_| ())
    }

    async fn json(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Result<Value, RemoteError> {
        let answer = self.api(method, path, token, body).await?;
        serde_json::from_slice(answer.body())
            .map_err(|error| RemoteError::Other(format!("{}: no JSON: {error}", of_query(path))))
    }

    async fn api(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Result<Response<Bytes>, RemoteError> {
        let text = body.map(Value::to_string).unwrap_or_default();
        let url = format!("{}/api/v1{path}", self.settings.url);
        let authorization = Some(format!("token {token}"));
        let answer = self.send(Call { method, url, authorization, kind: Some(JSON), body: &text }).await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let why = parse::message(answer.body()).unwrap_or_default();
        let message = format!("{}: {status} {why}", of_query(path));
        Err(if status == StatusCode::NOT_FOUND { RemoteError::NotFound(message) } else { RemoteError::Other(message) })
    }
}

fn odd(path: &str) -> RemoteError {
    RemoteError::Other(format!("{}: the forge's answer lacks what is needed", of_query(path)))
}

fn of_query(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A path with its slashes.
fn path_of(path: &str) -> String {
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn repository_path(repository: &RemoteRepository) -> String {
    format!("/repos/{}/{}", segment(&repository.owner), segment(&repository.name))
}
