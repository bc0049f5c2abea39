//! The plan in words, as Markdown: readable at a terminal, and fit for an issue.

use std::fmt::Write as _;

use verdict::Proof;

use super::called_for::Standing;
use super::plan::{Moved, Plan};
use crate::report::{clean, markdown};

/// What people notice. The same sentences stand in `docs/edge-routing-fallback.md`.
pub const NOTICED: &[&str] = &[
    "People sign in again: sessions belong to a host and a path.",
    "Bookmarks and links to the subpaths stop working: their paths are the staging site's then.",
    "Clones of repositories hold the old address: `git remote set-url origin` gives them the new one.",
    "Container images are pushed and pulled under the forge's own host.",
    "Webhooks that the CI registered at the forge hold its old address. Repair the repositories in the CI once after the change.",
];

/// How to go back. The same sentences stand in `docs/edge-routing-fallback.md`.
pub const BACK: &[&str] = &[
    "The same way: `EDGE_ROUTING_MODE=subpath`, steps 3 to 5, and the check with `--mode subpath`.",
    "Nothing is lost on the way: repositories, pipelines and conversations don't depend on the address, and the hosts' names may \
     stay in `.env`, DNS and certificate, where they mean nothing under subpaths.",
];

/// The page that says all of it.
const PAGE: &str = "docs/edge-routing-fallback.md";

/// Who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// People at a terminal.
    Terminal,
    /// A forge, which makes markup and mentions of what isn't escaped.
    Forge,
}

impl Reader {
    /// What a report quotes, in which nothing may be a command to the reader.
    fn quoted(self, text: &str) -> String {
        match self {
            Reader::Terminal => clean(text),
            Reader::Forge => markdown::escape(text),
        }
    }
}

/// The plan.
pub fn plan(plan: &Plan, reader: Reader) -> String {
    let mut text = format!("# The fallback: one subdomain per service, for {}\n\n", reader.quoted(&plan.base_url));
    why(plan, reader, &mut text);
    section(&mut text, "Names and certificate, first", &names(plan));
    section(&mut text, "Addresses", &table("service", &plan.addresses));
    let (name, diff) = &plan.env;
    let mut settings = fenced("diff", diff);
    if !plan.taken_out.is_empty() {
        let names: Vec<String> = plan.taken_out.iter().map(|name| format!("`{name}`")).collect();
        let _ = write!(settings, "\nThese follow from the mode, so their lines go: {}.\n", names.join(", "));
    }
    section(&mut text, &format!("Settings: {}", reader.quoted(name)), &settings);
    section(&mut text, "What the services are told: compose.env", &fenced("diff", &plan.compose_env));
    section(&mut text, "The edge: Caddyfile", &fenced("diff", &plan.caddyfile));
    section(&mut text, "OAuth applications at the forge", &applications(plan));
    section(&mut text, "In this order", &steps(plan));
    section(&mut text, "What people notice", &list(NOTICED));
    section(&mut text, "How to go back", &format!("{} {} See {PAGE}.\n", BACK[0], BACK[1]));
    text
}

/// Where we may do it ourselves.
const APPLY: &str = "\nOn a stack that `edge-smoke run --keep` left standing, `edge-smoke pivot --apply` does all of this, runs the \
                     scenarios in the new mode, and goes back if they fail.\n";

/// A line that says what the plan is about, the same for the same cause.
pub fn title(plan: &Plan) -> String {
    let mut codes: Vec<&str> = plan.criteria.iter().map(|finding| finding.code.as_str()).collect();
    codes.dedup();
    let codes = if codes.is_empty() { String::new() } else { format!(": {}", codes.join(", ")) };
    // The address of a stack of ours is another each time.
    let site = match plan.standing {
        Standing::Recommendation => format!(" at {}", plan.base_url),
        Standing::Real | Standing::Doubles => String::new(),
    };
    format!("Change over to one subdomain per service{site}{codes}")
}

fn why(plan: &Plan, reader: Reader, text: &mut String) {
    let _ = writeln!(text, "{}\n", reader.quoted(&plan.reason));
    for finding in &plan.criteria {
        let proof = match finding.proof {
            Proof::Verified => "verified: the same scenarios pass in subdomain mode",
            Proof::Refuted => "refuted",
            Proof::Untried => "untried",
        };
        let _ = writeln!(text, "- {} ({proof}): {}", reader.quoted(&finding.code), reader.quoted(&finding.cause));
    }
    if !plan.criteria.is_empty() {
        text.push('\n');
    }
    match plan.standing {
        Standing::Real => {}
        Standing::Recommendation => text.push_str(
            "This is a recommendation: the site is somebody else's to change, so nothing was tried there, and `--apply` is refused.\n\n",
        ),
        Standing::Doubles => {
            text.push_str("**The report was made on doubles: it says nothing about the real programs.**\n\n");
        }
    }
}

fn names(plan: &Plan) -> String {
    if plan.names.is_empty() {
        return "DNS and the certificate have all names already.\n".to_owned();
    }
    let names: Vec<String> = plan.names.iter().map(|name| format!("`{name}`")).collect();
    format!(
        "DNS and the certificate need {} as well. A wildcard covers one level of names. Until they resolve and the certificate is \
         issued, every service is out of reach in the new mode, while the old one still works.\n",
        names.join(", ")
    )
}

fn applications(plan: &Plan) -> String {
    if plan.applications.is_empty() {
        return "No service of this site signs people in at the forge.\n".to_owned();
    }
    let table = table("application of", &plan.applications);
    format!(
        "{table}\nAn application may have both URIs at once, which makes the way there and the way back shorter. The forge makes a \
         **new client secret whenever an application is updated** through its API: give it to the service, or every sign-in ends \
         with `oauth_error`.\n"
    )
}

fn steps(plan: &Plan) -> String {
    let env = &plan.env.0;
    let base_url = &plan.base_url;
    let commands = format!(
        "edge render --target caddyfile   --env-file {env} --out Caddyfile\n\
         edge render --target compose-env --env-file {env} --out compose.env\n\
         docker compose --env-file {env} --env-file compose.env up -d\n\
         edge check --env-file {env} --caddyfile Caddyfile --compose-env compose.env\n\
         edge-smoke --stack external --base-url {base_url} --mode subdomain"
    );
    format!(
        "1. Names and certificate, as above.\n2. The settings, as above.\n3. Render, and see that nothing is stale.\n4. Update the \
         applications, and give each service the secret that comes back.\n5. Recreate what has new settings: restarting alone is \
         not enough.\n6. Check: the exit code is 0 if the fallback works.\n\n{}{}",
        fenced("sh", &commands),
        if plan.standing == Standing::Recommendation { "" } else { APPLY }
    )
}

fn section(text: &mut String, title: &str, content: &str) {
    let _ = write!(text, "## {title}\n\n{}\n\n", content.trim_end());
}

fn list(items: &[&str]) -> String {
    items.iter().map(|item| format!("- {item}\n")).collect()
}

fn table(head: &str, rows: &[Moved]) -> String {
    let mut text = format!("| {head} | before | after |\n|---|---|---|\n");
    for row in rows {
        let _ = writeln!(text, "| {} | `{}` | `{}` |", row.service, row.before, row.after);
    }
    text
}

/// Text as it stands.
fn fenced(language: &str, text: &str) -> String {
    if text.is_empty() {
        return "Nothing changes.\n".to_owned();
    }
    markdown::fenced_as(language, text.trim_end())
}
