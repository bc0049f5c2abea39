//! Services that may still be on their way when the stack is ready: who needs one of them waits for it.

use std::collections::BTreeMap;

use scenario::model::Service;
use tokio::sync::watch;
use verdict::evidence::Trouble;

/// What became of a service on its way; nothing as long as it is on it.
type Arrival = Option<Result<(), Trouble>>;

/// The services that came up, or come up, after the stack was ready.
#[derive(Debug, Clone, Default)]
pub struct Arrivals(BTreeMap<Service, watch::Receiver<Arrival>>);

impl Arrivals {
    /// Notes a service that is on its way: whoever waits for it waits for this.
    pub(crate) fn note(&mut self, service: Service, way: impl Future<Output = Result<(), Trouble>> + Send + 'static) {
        let (sender, receiver) = watch::channel(None);
        self.0.insert(service, receiver);
        tokio::spawn(async move {
            let arrival = way.await;
            sender.send_replace(Some(arrival));
        });
    }

    /// Waits until the service is there. Who isn't on its way needn't be waited for.
    ///
    /// # Errors
    /// Why it won't come.
    pub async fn wait_for(&self, service: Service) -> Result<(), Trouble> {
        let Some(arrival) = self.0.get(&service) else { return Ok(()) };
        let mut arrival = arrival.clone();
        match arrival.wait_for(Option::is_some).await {
            Ok(arrival) => arrival.clone().unwrap_or(Ok(())),
            Err(_) => Err(Trouble {
                service: Some(service.to_string()),
                message: "nobody brings it up any more".to_owned(),
                help: None,
                log: Vec::new(),
            }),
        }
    }

    /// Whether everybody was there from the beginning.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Waits until all are there.
    ///
    /// # Errors
    /// Why one of them won't come.
    pub(crate) async fn wait_for_all(&self) -> Result<(), Trouble> {
        for service in self.0.keys() {
            self.wait_for(*service).await?;
        }
        Ok(())
    }

    /// Waits until nobody is on the way any more, whatever became of them.
    pub(crate) async fn settled(&self) {
        for service in self.0.keys() {
            drop(self.wait_for(*service).await);
        }
    }

    /// Whether the service is on its way, and not yet there.
    pub(crate) fn is_on_its_way(&self, service: Service) -> bool {
        self.0.get(&service).is_some_and(|arrival| !matches!(*arrival.borrow(), Some(Ok(()))))
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

    #[tokio::test]
    async fn who_is_on_its_way_is_waited_for_and_nobody_else() {
        let mut arrivals = Arrivals::default();
        let (comes, way) = oneshot::channel::<Result<(), Trouble>>();
        arrivals.note(Service::CiAgent, async { way.await.unwrap() });
        arrivals.wait_for(Service::Ci).await.unwrap();
        assert!(arrivals.is_on_its_way(Service::CiAgent) && !arrivals.is_on_its_way(Service::Ci));
        let waiting = arrivals.clone();
        let waiting = tokio::spawn(async move { waiting.wait_for(Service::CiAgent).await });
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
        arrivals.note(Service::CiAgent, async { Err(said) });
        for _ in 0..2 {
            assert_eq!(arrivals.wait_for(Service::CiAgent).await, Err(trouble.clone()));
        }
        assert_eq!(arrivals.troubles(), [trouble]);
        // It isn't there, so that nobody takes a start of it for one anew.
        assert!(arrivals.is_on_its_way(Service::CiAgent));
        arrivals.note(Service::CiAgent, async { panic!("on purpose") });
        let lost = arrivals.wait_for(Service::CiAgent).await.unwrap_err();
        assert_eq!(lost.message, "nobody brings it up any more");
    }
}
