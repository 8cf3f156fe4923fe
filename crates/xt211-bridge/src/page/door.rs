//! Where the page is: at an address that may change while it is shown.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::mpsc, time::sleep};
use xt211_web::{Access, Backend, Password, Server};

use crate::config::Web;

/// How often it is tried to get an address that another program has.
const TRY_AGAIN: Duration = Duration::from_secs(15);

/// Where the page is to be, and who may see it. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Door {
    /// Where it is open, once it is.
    at: Arc<Mutex<Option<Opening>>>,
    openings: mpsc::UnboundedSender<Opening>,
}

/// A place where the page can be, and for whom.
#[derive(Clone)]
pub(crate) struct Opening {
    web: Web,
    access: Access,
    listener: Arc<TcpListener>,
}

/// Shows the page at one place after the other.
pub(crate) struct Doorway {
    door: Door,
    openings: mpsc::UnboundedReceiver<Opening>,
}

impl Door {
    pub(crate) fn new() -> (Self, Doorway) {
        let (sender, openings) = mpsc::unbounded_channel();
        let door = Self { at: Arc::default(), openings: sender };
        (door.clone(), Doorway { door, openings })
    }

    /// Makes sure of a place for the page.
    ///
    /// # Errors
    ///
    /// Somebody else has it, or there is no such place.
    pub(crate) fn open(&self, web: &Web) -> Result<Opening, String> {
        let at = self.at.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let listener = match at {
            Some(opening) if opening.web.listen == web.listen => opening.listener,
            _ => {
                let listener =
                    listen(web.listen).map_err(|error| unavailable(web.listen, &error))?;
                Arc::new(listener)
            }
        };
        Ok(Opening { web: web.clone(), access: access(web)?, listener })
    }

    /// Has the page shown there, and not any more where it was. Nothing changes if it is the same
    /// place for the same people.
    pub(crate) fn enter(&self, opening: Opening) {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        if at.as_ref().is_some_and(|at| at.web == opening.web) {
            return;
        }
        *at = Some(opening.clone());
        // If nobody shows it any more, the program is about to end.
        let _ = self.openings.send(opening);
    }
}

impl Doorway {
    /// Shows the page, from now on and until it is dropped.
    pub(crate) async fn show(mut self, web: Web, backend: Arc<dyn Backend>) {
        let mut opening = self.first(&web).await;
        loop {
            let Opening { web, access, listener } = &opening;
            let mut next = None;
            let stop = async { next = self.openings.recv().await };
            let listener = listener.try_clone().and_then(tokio::net::TcpListener::from_std);
            match listener {
                Ok(listener) => {
                    let address = listener.local_addr().unwrap_or(web.listen);
                    tracing::info!("the page is at http://{}/", reachable(address));
                    Server::new(Arc::clone(&backend), access.clone()).serve(listener, stop).await;
                }
                Err(error) => {
                    tracing::error!("{}", unavailable(web.listen, &error));
                    stop.await;
                }
            }
            match next {
                Some(another) => opening = another,
                // Cannot be: we hold a sender ourselves.
                None => return,
            }
        }
    }

    /// Waits until it can be shown, which has to be possible without a restart: bridging does not
    /// wait for it.
    async fn first(&mut self, web: &Web) -> Opening {
        let mut is_said = false;
        loop {
            match self.door.open(web) {
                Ok(opening) => {
                    *self.door.at.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some(opening.clone());
                    return opening;
                }
                Err(error) if is_said => tracing::debug!("{error}"),
                Err(error) => tracing::error!("{error}; trying again until it works"),
            }
            is_said = true;
            tokio::select! {
                () = sleep(TRY_AGAIN) => {}
                Some(opening) = self.openings.recv() => return opening,
            }
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn unavailable(address: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("the page cannot be at {address}: another program is (web.listen)")
        }
        _ => format!("the page cannot be at {address}: {error} (web.listen)"),
    }
}

/// An address that a browser on this machine finds.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback = SocketAddr::from(([127, 0, 0, 1], address.port()));
        address = loopback;
    }
    address
}

fn access(web: &Web) -> Result<Access, String> {
    let password = web.password.as_ref().map(|password| Password::new(password.expose()));
    let password = password.transpose().map_err(|error| format!("{error} (web.password)"))?;
    Ok(Access { password, ingress: web.ingress.then_some(Access::SUPERVISOR) })
}
