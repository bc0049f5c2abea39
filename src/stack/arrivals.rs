//! What may still be on its way when the stack is ready: who needs it waits for it.

use std::collections::BTreeMap;
use std::fmt;

use scenario::model::Service;
use tokio::sync::watch;
use verdict::evidence::Trouble;

/// What may come after the stack is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Late {
    /// The demo repository at the forge, which itself is there.
    Repository,
    /// A service.
    Service(Service),
}

impl fmt::Display for Late {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository => formatter.write_str("the forge's demo repository"),
            Self::Service(service) => write!(formatter, "{service}"),
        }
    }
}

/// What became of it; nothing as long as it is on its way.
type Arrival = Option<Result<(), Trouble>>;

/// What came, or comes, after the stack was ready.
#[derive(Debug, Clone, Default)]
pub struct Arrivals(BTreeMap<Late, watch::Receiver<Arrival>>);

impl Arrivals {
    /// Notes what is on its way: whoever waits for it waits for this.
    pub(crate) fn note(&mut self, late: Late, way: impl Future<Output = Result<(), Trouble>> + Send + 'static) {
        let (sender, receiver) = watch::channel(None);
        self.0.insert(late, receiver);
        tokio::spawn(async move {
            let arrival = way.await;
            sender.send_replace(Some(arrival));
        });
    }

    /// Those of another as well.
    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Waits until it is there. What isn't on its way needn't be waited for.
    ///
    /// # Errors
    /// Why it won't come.
    pub async fn wait_for(&self, late: Late) -> Result<(), Trouble> {
        let Some(arrival) = self.0.get(&late) else { return Ok(()) };
        let mut arrival = arrival.clone();
        match arrival.wait_for(Option::is_some).await {
            Ok(arrival) => arrival.clone().unwrap_or(Ok(())),
            Err(_) => Err(Trouble {
                service: Some(match late {
                    Late::Repository => Service::Forge.to_string(),
                    Late::Service(service) => service.to_string(),
                }),
                message: "nobody brings it up any more".to_owned(),
                help: None,
                log: Vec::new(),
            }),
        }
    }

    /// Whether all was there from the beginning.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Waits until all are there.
    ///
    /// # Errors
    /// Why one of them won't come.
    pub(crate) async fn wait_for_all(&self) -> Result<(), Trouble> {
        for late in self.0.keys() {
            self.wait_for(*late).await?;
        }
        Ok(())
    }

    /// Waits until nothing is on its way any more, whatever became of it.
    pub(crate) async fn settled(&self) {
        for late in self.0.keys() {
            drop(self.wait_for(*late).await);
        }
    }

    /// Whether the service is on its way, and not yet there.
    pub(crate) fn is_on_its_way(&self, service: Service) -> bool {
        self.0.get(&Late::Service(service)).is_some_and(|arrival| !matches!(*arrival.borrow(), Some(Ok(()))))
    }

    /// What is known by now of those who won't come.
    pub(crate) fn troubles(&self) -> Vec<Trouble> {
        self.0.values().filter_map(|arrival| arrival.borrow().as_ref()?.as_ref().err().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    const AGENT: Late = Late::Service(Service::CiAgent);

    #[tokio::test]
    async fn who_is_on_its_way_is_waited_for_and_nobody_else() {
        let mut arrivals = Arrivals::default();
        let (comes, way) = oneshot::channel::<Result<(), Trouble>>();
        arrivals.note(AGENT, async { way.await.unwrap() });
        arrivals.wait_for(Late::Service(Service::Ci)).await.unwrap();
        assert!(arrivals.is_on_its_way(Service::CiAgent) && !arrivals.is_on_its_way(Service::Ci));
        let waiting = arrivals.clone();
        let waiting = tokio::spawn(async move { waiting.wait_for(AGENT).await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished() && arrivals.troubles().is_empty());
        comes.send(Ok(())).unwrap();
        waiting.await.unwrap().unwrap();
        arrivals.settled().await;
        assert!(!arrivals.is_on_its_way(Service::CiAgent) && arrivals.troubles().is_empty());
    }

    #[tokio::test]
    async fn who_never_comes_is_told_to_everybody_who_waits() {
        let trouble = Trouble {
            service: Some("ci-agent".to_owned()),
            message: "it ended".to_owned(),
            help: None,
            log: Vec::new(),
        };
        let mut arrivals = Arrivals::default();
        let said = trouble.clone();
        arrivals.note(AGENT, async { Err(said) });
        for _ in 0..2 {
            assert_eq!(arrivals.wait_for(AGENT).await, Err(trouble.clone()));
        }
        assert_eq!(arrivals.troubles(), [trouble]);
        // It isn't there, so that nobody takes a start of it for one anew.
        assert!(arrivals.is_on_its_way(Service::CiAgent));
        arrivals.note(AGENT, async { panic!("on purpose") });
        let lost = arrivals.wait_for(AGENT).await.unwrap_err();
        assert_eq!(lost.message, "nobody brings it up any more");
    }
}
