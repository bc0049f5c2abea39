//! `oauth`: a sign-in by OAuth 2 as a browser goes through it, a second one, and what must be refused.

mod dance;
mod findings;
mod landing;
mod message;
mod refusals;
mod walk;

use async_trait::async_trait;
use scenario::model::OAuth;
use verdict::evidence::{OAuthPhase, OAuthPhaseKind, OAuthRecord};

use dance::Dance;
use findings::unexpected;
use walk::{Until, Walked, walk};

use super::{Act, Acting};
use crate::engine::expect::describe_hop;
use crate::engine::http::Jar;
use crate::engine::problem::Problem;

#[async_trait]
impl Act for OAuth {
    async fn act(&self, acting: &mut Acting<'_>) -> Result<(), Problem> {
        let dance = Dance::new(self, acting)?;
        acting.noted.oauth = Some(OAuthRecord {
            provider: dance.provider.to_string(),
            client: dance.client.to_string(),
            redirect_uri: dance.redirect_uri.clone(),
            phases: Vec::new(),
        });
        let turn = acting.consents.turn(&dance.consent_of(acting)?).await;
        let mut problems = sign_in(acting, &dance, OAuthPhaseKind::First).await?.1;
        match turn {
            Some(turn) if problems.is_empty() => turn.given(),
            turn => drop(turn),
        }
        acting.visitor.focus = Some(0..acting.visitor.hops.len());
        if problems.is_empty() {
            problems = acting.check(&acting.planned.step.expect);
        }
        if !problems.is_empty() {
            acting.noted.problems = problems;
            return Ok(());
        }
        // What follows is tried aside: afterwards the user is where the sign-in has led them.
        let focus = acting.visitor.focus.clone();
        let (page, jar) = (acting.visitor.page.clone(), acting.visitor.jar.clone());
        let mut forgotten = jar.clone();
        forgotten.forget(|cookie| dance.is_the_clients(cookie));
        let found = aside(acting, &dance, &forgotten).await;
        (acting.visitor.page, acting.visitor.jar, acting.visitor.focus) = (page, jar, focus);
        acting.noted.problems = found?;
        Ok(())
    }
}

/// The second sign-in and what must be refused, each in a browser that the client has forgotten and the provider hasn't.
async fn aside(acting: &mut Acting<'_>, dance: &Dance<'_>, forgotten: &Jar) -> Result<Vec<Problem>, Problem> {
    let mut problems = Vec::new();
    if dance.oauth.again {
        acting.visitor.jar.clone_from(forgotten);
        problems.append(&mut again(acting, dance).await?);
    }
    for refusal in &dance.oauth.refuses {
        acting.visitor.jar.clone_from(forgotten);
        acting.visitor.focus = None;
        problems.append(&mut refusals::attempt(acting, dance, refusal).await?);
    }
    Ok(problems)
}

/// Signs in; gives the way and what doesn't hold of it.
async fn sign_in(
    acting: &mut Acting<'_>,
    dance: &Dance<'_>,
    kind: OAuthPhaseKind,
) -> Result<(Walked, Vec<Problem>), Problem> {
    let walked = walk(acting, dance, Until::Landing).await?;
    let mut phase = walked.record(kind);
    phase.landing =
        landing::record(acting, walked.messages.response.as_ref().map(|response| walked.first + response.at));
    phase.session = landing::session(acting, dance).into_iter().map(|(name, _)| name).collect();
    note(acting, phase);
    let problems = findings::of(acting, dance, &walked);
    Ok((walked, problems))
}

/// A second sign-in: who is signed in at the provider, and has consented, is asked for nothing.
async fn again(acting: &mut Acting<'_>, dance: &Dance<'_>) -> Result<Vec<Problem>, Problem> {
    let first = acting.visitor.hops.len();
    let (walked, mut problems) = sign_in(acting, dance, OAuthPhaseKind::Again).await?;
    let asked = match (walked.sign_in_asked, walked.consent_asked) {
        (true, _) => Some((
            "a second sign-in asks again who the user is",
            "the provider's session doesn't come back to it: look at its cookie's Path, Domain and Secure",
        )),
        (_, true) => Some((
            "a second sign-in asks again for consent",
            "the provider keeps no grant of this client, or the client asks for it anew each time (`prompt=consent`); \
             `again: false` where that is meant",
        )),
        _ => None,
    };
    if let Some((message, help)) = asked {
        let posted = acting.visitor.hops.iter().skip(first).find(|hop| hop.request.method == "POST");
        let diagnostic = acting
            .diagnostic(acting.planned.step.span, message)
            .label(posted.map(describe_hop).unwrap_or_default())
            .expected("a redirect from the provider to the client at once")
            .found("a form")
            .help(help);
        problems.insert(0, unexpected(diagnostic));
    }
    for problem in problems.iter_mut().skip(usize::from(asked.is_some())) {
        problem.diagnostic.message = format!("at the second sign-in: {}", problem.diagnostic.message);
    }
    Ok(problems)
}

/// Notes down what a phase has shown.
fn note(acting: &mut Acting<'_>, phase: OAuthPhase) {
    if let Some(record) = &mut acting.noted.oauth {
        record.phases.push(phase);
    }
}
