//! The pages of a repository.

use http::{Response, StatusCode};
use serve::Body;

use super::records::Access;
use super::repositories::RepositoryFacts;
use super::visit::Visit;
use super::{answer, api, pages};

impl Visit<'_> {
    /// The page at a repository's path; `None` where no repository is there that the visitor may see.
    pub(super) fn repository_page(&mut self, path: &str) -> Option<Response<Body>> {
        let segments: Vec<&str> = path[1..].split('/').collect();
        let [owner, name, rest @ ..] = segments.as_slice() else { return None };
        let name = name.strip_suffix(".git").filter(|_| rest.is_empty()).unwrap_or(name);
        let facts = self.forge.stores.repositories.get(owner, name)?;
        let user = self.user();
        let access = api::access(self.forge, &facts, user.as_deref());
        if access < Access::Read {
            return None;
        }
        match rest {
            [] => Some(self.overview(&facts)),
            ["raw", "branch" | "tag" | "commit", branch, path @ ..] if !path.is_empty() => {
                self.raw(&facts, branch, &path.join("/"))
            }
            ["src", "branch" | "tag" | "commit", branch, path @ ..] => self.source(&facts, branch, &path.join("/")),
            ["settings", "hooks", id] if access >= Access::Admin => self.hook(&facts, id.parse().ok()?),
            _ => None,
        }
    }

    fn overview(&self, facts: &RepositoryFacts) -> Response<Body> {
        let base = super::links::Links::of(&self.forge.settings, &self.parts.headers);
        let clone = base.html(&format!("{}.git", facts.full_name()));
        self.titled(facts, &format!("<p>Clone: <code>{}</code></p>\n", pages::escape(&clone)))
    }

    fn raw(&self, facts: &RepositoryFacts, branch: &str, path: &str) -> Option<Response<Body>> {
        let content = self.forge.stores.repositories.file(&facts.owner, &facts.name, branch, path)?;
        Some(api::raw(content))
    }

    fn source(&self, facts: &RepositoryFacts, branch: &str, path: &str) -> Option<Response<Body>> {
        let content = self.forge.stores.repositories.file(&facts.owner, &facts.name, branch, path)?;
        let text = pages::escape(&String::from_utf8_lossy(&content));
        Some(self.titled(facts, &format!("<h2>{}</h2>\n<pre>{text}</pre>\n", pages::escape(path))))
    }

    /// A webhook, with what became of its deliveries.
    fn hook(&self, facts: &RepositoryFacts, id: u64) -> Option<Response<Body>> {
        let hook = self.forge.stores.records.get(facts.id).hooks.into_iter().find(|hook| hook.id == id)?;
        let deliveries: String = hook
            .deliveries
            .iter()
            .rev()
            .map(|delivery| {
                let (colour, status) = match delivery.status {
                    Some(status) if delivery.succeeded() => ("green", status.to_string()),
                    Some(status) => ("red", status.to_string()),
                    None => ("red", "N/A".to_owned()),
                };
                format!(
                    "<li><code>{}</code> {} <span class=\"ui {colour} label\">{status}</span> <pre>{}</pre></li>\n",
                    delivery.id,
                    pages::escape(&delivery.event),
                    pages::escape(&delivery.answer)
                )
            })
            .collect();
        Some(self.titled(
            facts,
            &format!("<h2>Recent Deliveries</h2>\n<ul class=\"hook history list\">\n{deliveries}</ul>\n"),
        ))
    }

    fn titled(&self, facts: &RepositoryFacts, main: &str) -> Response<Body> {
        let page = pages::repository(&self.forge.settings, &self.session, &facts.full_name(), main);
        answer::html(StatusCode::OK, page)
    }
}
