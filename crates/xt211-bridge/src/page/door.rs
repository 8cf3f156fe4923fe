//! Where the page is: at an address that may change while it is shown.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use tokio::{sync::watch, time::sleep};
use xt211_web::{Access, Backend, Password, Server};

use crate::config::Web;

/// How often it is tried to get an address that another program has.
const TRY_AGAIN: Duration = Duration::from_secs(15);

/// Where the page is to be, and who may see it. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Door {
    /// Where it is open, once it is.
    at: Arc<watch::Sender<Option<Opening>>>,
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
    at: watch::Receiver<Option<Opening>>,
}

impl Door {
    pub(crate) fn new() -> (Self, Doorway) {
        let (sender, at) = watch::channel(None);
        let door = Self { at: Arc::new(sender) };
        (door.clone(), Doorway { door, at })
    }

    /// Makes sure of a place for the page.
    ///
    /// # Errors
    ///
    /// Somebody else has it, or there is no such place.
    pub(crate) fn open(&self, web: &Web) -> Result<Opening, String> {
        let listener = match self.at.borrow().as_ref() {
            // A password is not hashed again for nothing.
            Some(opening) if opening.web == *web => return Ok(opening.clone()),
            Some(opening) if opening.web.listen == web.listen => Arc::clone(&opening.listener),
            _ => {
                let listener = listen(web.listen);
                Arc::new(listener.map_err(|error| unavailable(web.listen, &error))?)
            }
        };
        Ok(Opening { web: web.clone(), access: access(web)?, listener })
    }

    /// Has the page shown there, and not any more where it was. Nothing changes if it is the same
    /// place for the same people.
    pub(crate) fn enter(&self, opening: Opening) {
        self.at.send_if_modified(|at| {
            let is_another = at.as_ref().is_none_or(|at| at.web != opening.web);
            if is_another {
                *at = Some(opening);
            }
            is_another
        });
    }
}

impl Doorway {
    /// Shows the page, from now on and until it is dropped.
    pub(crate) async fn show(mut self, web: Web, backend: Arc<dyn Backend>) {
        self.first(&web).await;
        loop {
            let opening = self.at.borrow_and_update().clone();
            // Cannot be: the first one is there.
            let Some(Opening { web, access, listener }) = opening else { return };
            // Cannot fail: we hold its other end ourselves.
            let stop = async { drop(self.at.changed().await) };
            match listener.try_clone().and_then(tokio::net::TcpListener::from_std) {
                Ok(listener) => {
                    let address = listener.local_addr().unwrap_or(web.listen);
                    tracing::info!("the page is at http://{}/", reachable(address));
                    Server::new(Arc::clone(&backend), access).serve(listener, stop).await;
                }
                Err(error) => {
                    tracing::error!("{}", unavailable(web.listen, &error));
                    stop.await;
                }
            }
        }
    }

    /// Waits until it can be shown, which has to be possible without a restart: bridging does not
    /// wait for it.
    async fn first(&mut self, web: &Web) {
        let mut is_said = false;
        loop {
            match self.door.open(web) {
                Ok(opening) => return self.door.enter(opening),
                Err(error) if is_said => tracing::debug!("{error}"),
                Err(error) => tracing::error!("{error}; trying again until it works"),
            }
            is_said = true;
            tokio::select! {
                () = sleep(TRY_AGAIN) => {}
                _ = self.at.changed() => return,
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
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip().is_unspecified() {
        true => SocketAddr::from(([127, 0, 0, 1], address.port())),
        false => address,
    }
}

fn access(web: &Web) -> Result<Access, String> {
    let password = web.password.as_ref().map(|password| Password::new(password.expose()));
    let password = password.transpose().map_err(|error| format!("{error} (web.password)"))?;
    Ok(Access { password, ingress: web.ingress.then_some(Access::SUPERVISOR) })
}
