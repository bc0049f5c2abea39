//! One call of the API: who calls, what for, and how it is answered.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use serve::Body;

use super::Reply;
use crate::forge::auth::{self, Identity};
use crate::forge::links::Links;
use crate::forge::query::Fields;
use crate::forge::records::Access;
use crate::forge::repositories::RepositoryFacts;
use crate::forge::settings::Flavour;
use crate::forge::users::User;
use crate::forge::{State, answer};

/// How many entries a page of a list has, unless said otherwise, and at most.
const PAGE: (usize, usize) = (30, 50);

/// How many entries a list has, all pages together.
const TOTAL: HeaderName = HeaderName::from_static("x-total-count");

/// One call of the API.
pub(super) struct Call<'a> {
    pub(super) forge: &'a State,
    pub(super) path: &'a [&'a str],
    pub(super) links: Links,
    pub(super) query: Fields,
    identity: Option<Identity>,
    content: Bytes,
}

/// A repository, and what the caller may do with it.
pub(super) struct Found {
    pub(super) facts: RepositoryFacts,
    pub(super) access: Access,
}

impl Found {
    pub(super) fn name(&self) -> String {
        self.facts.full_name()
    }
}

impl<'a> Call<'a> {
    /// # Errors
    /// The caller's credentials are nobody's, or it has none where some are needed for everything.
    pub(super) fn begin(
        forge: &'a State,
        parts: &Parts,
        path: &'a [&'a str],
        content: Bytes,
    ) -> Result<Self, Response<Body>> {
        let links = Links::of(&forge.settings, &parts.headers);
        let query = Fields::of(&parts.uri);
        let mut call = Self { forge, path, links, query, identity: None, content };
        call.identity = auth::identify(forge, parts)
            .map_err(|_| call.refusal(StatusCode::UNAUTHORIZED, "invalid username, password or token"))?;
        if call.identity.is_none() && forge.settings.require_sign_in {
            // Without the address that other errors have.
            let value = json!({ "message": "Only signed in user is allowed to call APIs." });
            return Err(answer::api(StatusCode::FORBIDDEN, &value));
        }
        Ok(call)
    }

    /// Who calls.
    pub(super) fn caller(&self) -> Option<&Arc<User>> {
        self.identity.as_ref().map(|identity| &identity.user)
    }

    /// Who calls.
    ///
    /// # Errors
    /// Nobody does.
    pub(super) fn user(&self) -> Result<&Arc<User>, Response<Body>> {
        self.caller().ok_or_else(|| self.refusal(StatusCode::UNAUTHORIZED, "token is required"))
    }

    /// Who calls, with nothing but name and password: what tokens may not do.
    pub(super) fn user_by_password(&self) -> Result<&Arc<User>, Response<Body>> {
        match &self.identity {
            Some(Identity { user, by: auth::Proof::Password }) => Ok(user),
            _ => Err(self.refusal(StatusCode::UNAUTHORIZED, "auth required")),
        }
    }

    /// The content, which must be a JSON object.
    pub(super) fn body(&self) -> Result<Value, Response<Body>> {
        let value: Value = serde_json::from_slice(&self.content)
            .map_err(|error| self.refusal(StatusCode::UNPROCESSABLE_ENTITY, &format!("[]: {error}")))?;
        if value.is_object() {
            return Ok(value);
        }
        Err(self.refusal(StatusCode::UNPROCESSABLE_ENTITY, "[]: expected an object"))
    }

    /// A member of the content that must be there, called as the real ones call it in their errors.
    pub(super) fn required(&self, body: &Value, member: &str, called: &str) -> Result<String, Response<Body>> {
        match text(body, member) {
            Some(text) if !text.is_empty() => Ok(text.to_owned()),
            _ => Err(self.refusal(StatusCode::UNPROCESSABLE_ENTITY, &format!("[{called}]: Required"))),
        }
    }

    /// The repository that the path names.
    ///
    /// # Errors
    /// There is none that the caller may see, or the caller may not do so much with it; `words` say what was needed.
    pub(super) fn repository(&self, needed: Access, words: &str) -> Result<Found, Response<Body>> {
        let ["repos", owner, name, ..] = self.path else { return Err(self.not_found()) };
        // Who isn't signed in is told so first, whatever is there.
        if needed > Access::Read {
            self.user()?;
        }
        let facts = self.forge.stores.repositories.get(owner, name).ok_or_else(|| self.not_found())?;
        let access = super::access(self.forge, &facts, self.caller().map(|user| user.as_ref()));
        if access < Access::Read {
            return Err(self.not_found());
        }
        if access < needed {
            return Err(self.refusal(StatusCode::FORBIDDEN, words));
        }
        Ok(Found { facts, access })
    }

    /// The repository that the path names, to read.
    pub(super) fn readable(&self) -> Result<Found, Response<Body>> {
        self.repository(Access::Read, "")
    }

    /// The path below the repository, from this segment on.
    pub(super) fn rest(&self, from: usize) -> String {
        self.path.get(3 + from..).unwrap_or_default().join("/")
    }

    /// The number at this place below the repository.
    pub(super) fn number(&self, at: usize) -> Result<u64, Response<Body>> {
        self.path.get(at).and_then(|text| text.parse().ok()).ok_or_else(|| self.not_found())
    }

    /// What everybody may know of a user, and more to the user and to administrators.
    pub(super) fn shape(&self, user: &User) -> Value {
        let open = self.caller().is_some_and(|caller| caller.admin || caller.id == user.id);
        crate::forge::shapes::user(&self.links, user, open)
    }

    pub(super) fn reply(&self, value: &Value) -> Reply {
        Ok(answer::api(StatusCode::OK, value))
    }

    /// The same, with how many there are of what the content lists.
    pub(super) fn counted(&self, value: &Value, count: usize) -> Reply {
        let mut answer = answer::api(StatusCode::OK, value);
        answer.headers_mut().insert(TOTAL, HeaderValue::from(count));
        Ok(answer)
    }

    pub(super) fn created(&self, value: &Value) -> Reply {
        Ok(answer::api(StatusCode::CREATED, value))
    }

    pub(super) fn done(&self) -> Reply {
        Ok(answer::bare(StatusCode::NO_CONTENT))
    }

    /// One page of a list, as `page` and `limit` of the query have it.
    pub(super) fn page(&self, all: &[Value]) -> Reply {
        let number = |name: &str| self.query.text(name).parse::<usize>().ok().filter(|number| *number > 0);
        let limit = number("limit").unwrap_or(PAGE.0).min(PAGE.1);
        let page = number("page").unwrap_or(1);
        let start = (page - 1).saturating_mul(limit).min(all.len());
        let entries = &all[start..(start + limit).min(all.len())];
        let mut answer = self.counted(&json!(entries), all.len())?;
        let last = all.len().div_ceil(limit).max(1);
        let url = |page: usize| {
            let path = self.links.api(&self.path.join("/"));
            format!("<{path}?limit={limit}&page={page}>")
        };
        let mut links = Vec::new();
        if page < last {
            links.push(format!("{}; rel=\"next\"", url(page + 1)));
            links.push(format!("{}; rel=\"last\"", url(last)));
        }
        if page > 1 {
            links.push(format!("{}; rel=\"first\"", url(1)));
            links.push(format!("{}; rel=\"prev\"", url(page - 1)));
        }
        if let Ok(value) = HeaderValue::from_str(&links.join(","))
            && !links.is_empty()
        {
            answer.headers_mut().insert(header::LINK, value);
        }
        Ok(answer)
    }

    pub(super) fn refusal(&self, status: StatusCode, message: &str) -> Response<Body> {
        answer::api(status, &json!({ "message": message, "url": self.links.documentation() }))
    }

    /// It isn't there, or the caller may not know that it is.
    pub(super) fn not_found(&self) -> Response<Body> {
        self.not_found_because(None)
    }

    pub(super) fn not_found_because(&self, why: Option<&str>) -> Response<Body> {
        let (errors, message) = match (self.forge.settings.flavour, why) {
            (_, Some(why)) => (json!([why]), "not found"),
            (Flavour::Gitea, None) => (Value::Null, "not found"),
            (Flavour::Forgejo, None) => (json!([]), "The target couldn't be found."),
        };
        let value = json!({ "errors": errors, "message": message, "url": self.links.documentation() });
        answer::api(StatusCode::NOT_FOUND, &value)
    }

    pub(super) fn failed(&self, error: &std::io::Error) -> Response<Body> {
        self.refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
    }
}

/// A member of an object that is a text.
pub(super) fn text<'a>(body: &'a Value, member: &str) -> Option<&'a str> {
    body.get(member)?.as_str()
}

/// A member of an object that is true or false.
pub(super) fn flag(body: &Value, member: &str) -> Option<bool> {
    body.get(member)?.as_bool()
}

/// A member of an object that is a list of texts; empty where it isn't.
pub(super) fn texts(body: &Value, member: &str) -> Vec<String> {
    let list = body.get(member).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|item| item.as_str().map(ToOwned::to_owned)).collect()
}
