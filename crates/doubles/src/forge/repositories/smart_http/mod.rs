//! git over HTTP: `/{owner}/{name}.git/…`.

mod content;
mod receive;
mod upload;

use base64::Engine as _;
use git_wire::Service;
use git_wire::advertisement::{Advertisement, Reference};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, EXPIRES, PRAGMA, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use hyper::body::Incoming;
use serve::Body;

use super::super::answer;
use super::contents::Contents;
use super::{Repositories, Repository};

const PLAIN: &str = "text/plain; charset=utf-8";

/// What a git client asks of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Target {
    owner: String,
    name: String,
    wanted: Wanted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// `info/refs`
    References,
    /// `HEAD`, for clients that read a repository as files.
    Head,
    /// `objects/…`, for the same. They find none: git servers let them, and so does this one, but it keeps no such files.
    File,
    /// `git-upload-pack`, `git-receive-pack`
    Service(Service),
}

impl Target {
    /// What a path (decoded, without its forge's prefix) means to a git client; `None` where it means nothing.
    pub(in super::super) fn of(path: &str) -> Option<Self> {
        let mut segments = path.strip_prefix('/')?.splitn(3, '/');
        let (owner, name, rest) = (segments.next()?, segments.next()?, segments.next()?);
        let wanted = match rest {
            "info/refs" => Wanted::References,
            "HEAD" => Wanted::Head,
            _ if rest.starts_with("objects/") => Wanted::File,
            _ => Wanted::Service(Service::named(rest)?),
        };
        let name = name.strip_suffix(".git").unwrap_or(name);
        Some(Self { owner: owner.to_owned(), name: name.to_owned(), wanted })
    }

    fn allowed(&self) -> &'static str {
        match self.wanted {
            Wanted::Service(_) => "POST, OPTIONS",
            _ => "GET, OPTIONS",
        }
    }
}

/// What the forge has at hand for git clients.
pub(in super::super) struct Git<'a> {
    pub(in super::super) repositories: &'a Repositories,
    /// The public URL, with a slash at its end.
    pub(in super::super) root_url: &'a str,
    /// The user whose name and password (or token) these are, by the name's own spelling.
    pub(in super::super) check: &'a (dyn Fn(&str, &str) -> Option<String> + Sync),
}

impl Git<'_> {
    /// Answers a git client.
    pub(in super::super) async fn answer(&self, target: Target, parts: &Parts, body: Incoming) -> Response<Body> {
        let is_fine = match target.wanted {
            Wanted::Service(_) => parts.method == Method::POST,
            _ => matches!(parts.method, Method::GET | Method::HEAD),
        };
        if !is_fine {
            return answer::wrong_method(target.allowed());
        }
        let service = match (&target.wanted, query(parts)) {
            (Wanted::Service(service), _) => Some(*service),
            (Wanted::References, Some(name)) => match Service::named(&name) {
                Some(service) => Some(service),
                None => return answer::bare(StatusCode::BAD_REQUEST),
            },
            _ => None,
        };
        let user = match self.user(parts) {
            Ok(user) => user,
            Err(refused) => return *refused,
        };
        let repository = match self.repository(&target, service, user.as_deref()) {
            Ok(repository) => repository,
            Err(refused) => return *refused,
        };
        match (target.wanted, service) {
            (Wanted::Service(service), _) => {
                if parts.headers.get(CONTENT_TYPE).is_none_or(|found| found != service.request_type()) {
                    return answer::bare(StatusCode::BAD_REQUEST);
                }
                let content = match content::Content::new(parts, body) {
                    Ok(content) => content,
                    Err(()) => return answer::bare(StatusCode::BAD_REQUEST),
                };
                match service {
                    Service::UploadPack => upload::answer(&repository, content).await,
                    Service::ReceivePack => {
                        let pusher = user.unwrap_or_default();
                        receive::answer(self, &repository, &pusher, content).await
                    }
                }
            }
            (Wanted::References, Some(service)) => {
                let advertised = repository.with(|contents| advertise(contents, service)).write(service);
                not_cached(answer::content(StatusCode::OK, service.advertisement_type(), advertised))
            }
            (Wanted::References, None) => {
                let lines = repository.with(|contents| {
                    contents.references().map(|(name, id)| format!("{id}\t{name}\n")).collect::<String>()
                });
                not_cached(answer::content(StatusCode::OK, PLAIN, lines))
            }
            (Wanted::Head, _) => {
                let head = repository.with(|contents| format!("ref: refs/heads/{}\n", contents.default_branch()));
                not_cached(answer::content(StatusCode::OK, "text/plain", head))
            }
            (Wanted::File, _) => answer::bare(StatusCode::NOT_FOUND),
        }
    }

    /// Who asks; `None` for somebody who doesn't say.
    fn user(&self, parts: &Parts) -> Result<Option<String>, Box<Response<Body>>> {
        let Some(field) = parts.headers.get(AUTHORIZATION) else { return Ok(None) };
        let known = credentials(field).and_then(|(name, password)| (self.check)(&name, &password));
        match known {
            Some(user) => Ok(Some(user)),
            None => Err(Box::new(answer::content(StatusCode::UNAUTHORIZED, PLAIN, "Failed to authenticate user\n"))),
        }
    }

    /// The repository, where this user may do this with it. Who isn't known isn't told what there is.
    fn repository(
        &self,
        target: &Target,
        service: Option<Service>,
        user: Option<&str>,
    ) -> Result<std::sync::Arc<Repository>, Box<Response<Body>>> {
        const WORDS: &str = "text/plain;charset=utf-8";
        let writes = service == Some(Service::ReceivePack);
        let found = self.repositories.find(&target.owner, &target.name);
        let is_open = found.as_ref().is_some_and(|repository| !repository.facts().private);
        let Some(user) = user else {
            return found.filter(|_| is_open && !writes).ok_or_else(|| Box::new(ask_who()));
        };
        let is_owner = user.eq_ignore_ascii_case(&target.owner);
        match found {
            Some(repository) if is_owner || (is_open && !writes) => Ok(repository),
            Some(_) if is_open => {
                Err(Box::new(answer::content(StatusCode::FORBIDDEN, WORDS, "User permission denied for writing.")))
            }
            None if writes => {
                let words = "Push to create is not enabled for users.";
                Err(Box::new(answer::content(StatusCode::FORBIDDEN, WORDS, words)))
            }
            _ => Err(Box::new(answer::content(StatusCode::NOT_FOUND, WORDS, "Repository not found"))),
        }
    }
}

fn ask_who() -> Response<Body> {
    let mut answer = answer::content(StatusCode::UNAUTHORIZED, PLAIN, "Unauthorized\n");
    // Both forges call themselves so here.
    answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Gitea\""));
    answer
}

/// Name and password (RFC 7617).
fn credentials(field: &HeaderValue) -> Option<(String, String)> {
    let (scheme, encoded) = field.to_str().ok()?.split_once(' ')?;
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    let (name, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| (name.to_owned(), password.to_owned()))
}

fn query(parts: &Parts) -> Option<String> {
    let query = parts.uri.query()?;
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "service").map(|(_, value)| value.into_owned())
}

fn not_cached(mut answer: Response<Body>) -> Response<Body> {
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, max-age=0, must-revalidate"));
    headers.insert(EXPIRES, HeaderValue::from_static("Fri, 01 Jan 1980 00:00:00 GMT"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}

/// What the repository has. `HEAD` comes first, where it points to something.
fn advertise(contents: &Contents, service: Service) -> Advertisement {
    let mut capabilities: Vec<String> = match service {
        Service::UploadPack => {
            "multi_ack_detailed side-band-64k ofs-delta shallow no-progress allow-tip-sha1-in-want allow-reachable-sha1-in-want"
        }
        Service::ReceivePack => "report-status delete-refs side-band-64k quiet ofs-delta",
    }
    .split(' ')
    .map(str::to_owned)
    .collect();
    let mut references = Vec::new();
    if service == Service::UploadPack
        && let Some(id) = contents.branch(contents.default_branch())
    {
        references.push(Reference { name: "HEAD".to_owned(), id });
        capabilities.push(format!("symref=HEAD:refs/heads/{}", contents.default_branch()));
    }
    references.extend(contents.references().map(|(name, id)| Reference { name: name.to_owned(), id }));
    capabilities
        .extend(["object-format=sha1", concat!("agent=edge-smoke/", env!("CARGO_PKG_VERSION"))].map(str::to_owned));
    Advertisement { references, capabilities }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_paths_mean() {
        let of = |path: &str| Target::of(path).map(|target| (target.owner, target.name, target.wanted));
        let demo = |wanted| Some(("smoke".to_owned(), "demo".to_owned(), wanted));
        assert_eq!(of("/smoke/demo.git/info/refs"), demo(Wanted::References));
        assert_eq!(of("/smoke/demo/info/refs"), demo(Wanted::References));
        assert_eq!(of("/smoke/demo.git/git-upload-pack"), demo(Wanted::Service(Service::UploadPack)));
        assert_eq!(of("/smoke/demo/git-receive-pack"), demo(Wanted::Service(Service::ReceivePack)));
        assert_eq!(of("/smoke/demo.git/objects/info/packs"), demo(Wanted::File));
        for path in
            ["/", "/smoke", "/smoke/demo", "/smoke/demo.git", "/smoke/demo/issues", "/user/login", "/assets/a/b"]
        {
            assert_eq!(of(path), None, "{path}");
        }
    }

    #[test]
    fn basic_credentials() {
        let of = |text: &str| credentials(&HeaderValue::from_str(text).unwrap());
        assert_eq!(of("Basic c21va2U6YTpi"), Some(("smoke".to_owned(), "a:b".to_owned())));
        assert_eq!(of("basic c21va2U6YTpi"), of("Basic c21va2U6YTpi"));
        for wrong in ["Bearer c21va2U6YTpi", "Basic", "Basic ***", "Basic c21va2U="] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
