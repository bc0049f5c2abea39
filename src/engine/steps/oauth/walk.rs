//! The browser's way through a sign-in.

use bytes::Bytes;
use scenario::model::Follow;
use verdict::evidence::{Astray, OAuthPhase, OAuthPhaseKind};

use super::dance::{Asked, Dance};
use super::message::{Messages, Move, bare};
use crate::engine::http::{Address, Outgoing};
use crate::engine::problem::Problem;
use crate::engine::steps::{Acting, submit};
use crate::engine::visitor::Obstacle;

/// As many redirects as a browser follows.
pub(super) const FOLLOW: Follow = Follow { max_hops: 20 };

/// How far to walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// To the authorization request, which isn't sent.
    Request,
    /// To the authorization response, which isn't sent.
    Response,
    /// To where the client sends its user.
    Landing,
}

/// Why a walk ended.
#[derive(Debug)]
pub(super) enum End {
    /// The browser stands where the client sent it, or before the address at which the walk was to end.
    Arrived,
    /// It stands on a page that leads nowhere.
    Stuck,
    /// A form was filled in, and comes again.
    AskedAgain(Asked),
    /// It was sent to a host that isn't the site's.
    Astray,
    /// Something kept it from going on.
    Obstacle(Obstacle),
}

/// A way, as far as it was gone.
#[derive(Debug)]
pub(super) struct Walked {
    /// The index of its first exchange in the step's.
    pub(super) first: usize,
    /// The addresses, those that were asked for and at the end perhaps one that wasn't.
    pub(super) way: Vec<Move>,
    /// The messages on it.
    pub(super) messages: Messages,
    /// The provider asked the user to sign in.
    pub(super) sign_in_asked: bool,
    /// The provider asked the user for consent.
    pub(super) consent_asked: bool,
    /// The address that nothing was sent to.
    pub(super) unsent: Option<Address>,
    /// Why it ended.
    pub(super) end: End,
}

/// Begins a sign-in at the client, fills in what the provider asks for, and goes on.
///
/// Each form is filled in once and each navigation follows so many redirects: a provider that loops comes to an end.
pub(super) async fn walk(acting: &mut Acting<'_>, dance: &Dance<'_>, until: Until) -> Result<Walked, Problem> {
    let first = acting.visitor.hops.len();
    let (mut sign_in_asked, mut consent_asked) = (false, false);
    let mut unsent = None;
    let mut request = get(dance.start.clone());
    let end = loop {
        let allowed = |address: &Address| {
            let is_goal = match until {
                Until::Request => dance.is_request(address),
                Until::Response => dance.is_callback(address),
                Until::Landing => false,
            };
            dance.is_of_the_site(address) && !is_goal
        };
        match acting.visitor.navigate_within(request, Some(FOLLOW), &allowed).await {
            Ok(()) => {}
            Err(Obstacle::Astray { to }) => {
                let end = if dance.is_of_the_site(&to) { End::Arrived } else { End::Astray };
                unsent = Some(to);
                break end;
            }
            Err(obstacle) => break End::Obstacle(obstacle),
        }
        let way = way(acting, first, None);
        if Messages::find(&way, &dance.provider, &dance.callback).response.is_some() {
            break End::Arrived;
        }
        request = match dance.asked_by(acting) {
            Some((Asked::SignIn, _)) if sign_in_asked => break End::AskedAgain(Asked::SignIn),
            Some((Asked::Consent, _)) if consent_asked => break End::AskedAgain(Asked::Consent),
            Some((asked, form)) => {
                sign_in_asked |= asked == Asked::SignIn;
                consent_asked |= asked == Asked::Consent;
                submit::outgoing(form, acting)?
            }
            None => break End::Stuck,
        };
    };
    let way = way(acting, first, unsent.as_ref());
    let messages = Messages::find(&way, &dance.provider, &dance.callback);
    Ok(Walked { first, way, messages, sign_in_asked, consent_asked, unsent, end })
}

/// The addresses from the exchange `first` on, and then the one that nothing was sent to.
fn way(acting: &Acting<'_>, first: usize, unsent: Option<&Address>) -> Vec<Move> {
    let hops = acting.visitor.hops.iter().enumerate().skip(first);
    let addresses = hops.map(|(at, hop)| (at, &hop.request.address));
    let unsent = unsent.map(|address| (acting.visitor.hops.len(), address));
    let moved = |(at, address): (usize, &Address)| Move {
        address: address.clone(),
        sent_by: at.checked_sub(1).filter(|before| *before >= first),
    };
    addresses.chain(unsent).map(moved).collect()
}

/// A browser's navigation to an address.
pub(super) fn get(address: Address) -> Outgoing {
    Outgoing { method: "GET".to_owned(), address, headers: Vec::new(), body: Bytes::new() }
}

impl Walked {
    /// What was seen, as evidence; the landing and the session are the caller's.
    pub(super) fn record(&self, kind: OAuthPhaseKind) -> OAuthPhase {
        let astray = self
            .unsent
            .as_ref()
            .filter(|_| matches!(self.end, End::Astray))
            .map(|to| Astray { to: bare(to), sent_by: self.way.last().and_then(|moved| moved.sent_by) });
        OAuthPhase {
            kind,
            first_exchange: self.first,
            request: self.messages.request_record(),
            sign_in_asked: self.sign_in_asked,
            consent_asked: self.consent_asked,
            response: self.messages.response_record(),
            astray,
            landing: None,
            session: Vec::new(),
        }
    }
}
