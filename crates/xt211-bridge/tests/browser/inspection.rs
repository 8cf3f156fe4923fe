//! Looks at pages on every screen, in light and in dark.

use crate::{
    axe::{Axe, violations},
    return_to,
    support::{Bridge, browser::Browser},
};

/// The screens that people have, in points.
const SCREENS: [(&str, [u32; 2]); 2] = [("desktop", [1100, 900]), ("phone", [360, 740])];

const SCHEMES: [&str; 2] = ["light", "dark"];

/// Shows some of what is folded.
const UNFOLD: &str =
    "[...document.querySelectorAll('details')].slice(0, 10).forEach(it => it.open = true)";

/// How wide the page is, if that is more than the screen.
const TOO_WIDE: &str = "(() => {
    const root = document.documentElement;
    return root.scrollWidth > root.clientWidth ? `${root.scrollWidth} wide` : '';
})()";

/// Somebody who looks at all pages of a bridge, and notes what is wrong with them.
pub(crate) struct Inspection {
    pub(crate) page: Browser,
    axe: Axe,
    base: String,
    problems: Vec<String>,
}

impl Inspection {
    pub(crate) async fn of(bridge: &Bridge) -> Self {
        let (page, base) = (return_to(bridge).await, bridge.page().await);
        Self { page, axe: Axe::get(), base, problems: Vec::new() }
    }

    /// Goes to a page, and looks at it once it shows this.
    pub(crate) async fn look_at(&mut self, name: &str, path: &str, text: &str) {
        self.page.visit(&format!("{}{path}", self.base)).await;
        self.page.shows(&[text]).await;
        self.look(name).await;
    }

    /// Looks at the page that is shown.
    pub(crate) async fn look(&mut self, name: &str) {
        let page = &mut self.page;
        page.evaluate(UNFOLD).await;
        self.axe.enter(page).await;
        for (screen, size) in SCREENS {
            for scheme in SCHEMES {
                page.screen(size, scheme).await;
                let name = format!("{name}-{screen}-{scheme}");
                let width = page.evaluate(TOO_WIDE).await;
                let wide = width.as_str().filter(|it| !it.is_empty()).map(String::from);
                let found = violations(page).await.into_iter().chain(wide);
                self.problems.extend(found.map(|problem| format!("{name}: {problem}")));
                page.whole_picture(&name).await;
            }
        }
        page.screen(SCREENS[0].1, SCHEMES[0]).await;
    }

    /// Makes sure that nothing is wrong.
    pub(crate) fn end(self) {
        assert!(self.problems.is_empty(), "{}", self.problems.join("\n"));
        assert_eq!(self.page.complaints(), [] as [&str; 0]);
    }
}
