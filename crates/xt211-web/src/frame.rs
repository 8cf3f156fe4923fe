//! What is around every page.

use askama::Template;
use axum::response::Html;

use crate::{backend::Backend, failure::Failure, visitor::Visitor};

/// What is around every page: its title, the way to the others.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) base: String,
    /// Where the visitor is, below the base.
    pub(crate) place: String,
    pub(crate) token: String,
    pub(crate) here: Here,
    pub(crate) can_leave: bool,
    /// Whether nothing is configured yet.
    pub(crate) needs_setup: bool,
}

/// The pages that can be gone to from everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Here {
    Overview,
    Charts,
    SetAside,
    Log,
    Export,
    Settings,
    Setup,
    Api,
}

impl Here {
    pub(crate) const MENU: [Self; 6] =
        [Self::Overview, Self::Charts, Self::SetAside, Self::Log, Self::Export, Self::Settings];

    /// Its address below the base.
    pub(crate) const fn address(self) -> &'static str {
        match self {
            Self::Overview => "",
            Self::Charts => "charts",
            Self::SetAside => "set-aside",
            Self::Log => "log",
            Self::Export => "export",
            Self::Settings => "settings",
            Self::Setup => "setup",
            Self::Api => "api",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Charts => "Charts",
            Self::SetAside => "Set aside",
            Self::Log => "Log",
            Self::Export => "Export",
            Self::Settings => "Settings",
            Self::Setup => "Setup",
            Self::Api => "API",
        }
    }
}

impl Frame {
    pub(crate) fn new(here: Here, visitor: &Visitor, backend: &dyn Backend) -> Self {
        Self {
            base: visitor.base.clone(),
            place: visitor.place.clone(),
            token: visitor.token.clone(),
            here,
            can_leave: visitor.can_leave,
            needs_setup: backend.needs_setup(),
        }
    }

    pub(crate) fn is_here(&self, other: &Here) -> bool {
        self.here == *other
    }
}

/// A page, or why there is none.
pub(crate) type Page = Result<Html<String>, Failure>;

/// Renders a page.
pub(crate) fn render(page: &impl Template) -> Page {
    Ok(Html(page.render()?))
}
