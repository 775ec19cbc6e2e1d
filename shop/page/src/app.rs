//! All that is shown, and what keeps it current.

use std::time::Duration;

use gloo_timers::future::sleep;
use yew::platform::spawn_local;
use yew::prelude::*;

use crate::browser;
use crate::detail::Detail;
use crate::fault::Fault;
use crate::orders::Orders;
use crate::session::{self, Config, Session};
use crate::shelf::Shelf;
use crate::state::{Action, Notice, State};
use crate::{api, wire};

/// How often the stock is looked at: what others order is not told.
const LOOK: Duration = Duration::from_secs(3);
/// How long until a stream that ended is asked for again.
const AGAIN: Duration = Duration::from_secs(1);

/// Where one is told what happened.
pub const NOTICE: &str = "notice";

/// What every part of the page needs.
#[derive(Clone, PartialEq)]
pub struct Context {
    /// Where things are.
    pub config: Config,
    /// Who is signed in.
    pub session: Session,
    /// What is known.
    pub state: UseReducerHandle<State>,
}

impl Context {
    /// Does `work`, and tells the customer how it went.
    pub fn act(&self, work: impl Future<Output = Result<(Vec<Action>, String), Fault>> + 'static) {
        let (state, session) = (self.state.dispatcher(), self.session.clone());
        state.dispatch(Action::Told(None));
        spawn_local(async move {
            let notice = match work.await {
                Ok((actions, told)) => {
                    for action in actions {
                        state.dispatch(action);
                    }
                    Notice::Done(told)
                }
                Err(fault) => Notice::Failed(fault),
            };
            state.dispatch(Action::Told(Some(notice)));
            if let Ok(stock) = api::stock(&session).await {
                state.dispatch(Action::Stocked(stock.articles));
            }
        });
    }
}

/// What is known of who is there.
#[derive(Clone)]
enum Found {
    Nothing,
    /// The page was not told where things are.
    Fault(Fault),
    Somewhere(Config, Option<Session>),
}

/// The page.
#[component]
pub fn App() -> Html {
    let found = use_state(|| Found::Nothing);
    {
        let found = found.clone();
        use_effect_with((), move |()| {
            spawn_local(async move {
                found.set(match Config::load().await {
                    None => Found::Fault(Fault::Unreachable),
                    Some(config) => {
                        let session = Session::find(&config).await;
                        Found::Somewhere(config, session)
                    }
                });
            });
        });
    }
    match (*found).clone() {
        Found::Nothing => html! { <main><h1>{ "The shop" }</h1><p>{ "One moment…" }</p></main> },
        Found::Fault(fault) => html! {
            <main><h1>{ "The shop" }</h1><p role="alert">{ fault.words() }</p></main>
        },
        Found::Somewhere(config, None) => html! { <SignIn {config} /> },
        Found::Somewhere(config, Some(session)) => html! { <SignedIn {config} {session} /> },
    }
}

#[derive(Properties, PartialEq)]
struct SignInProperties {
    config: Config,
}

#[component]
fn SignIn(properties: &SignInProperties) -> Html {
    let config = properties.config.clone();
    let onclick = move |_: MouseEvent| {
        let config = config.clone();
        spawn_local(async move {
            session::sign_in(&config).await;
        });
    };
    html! {
        <main>
            <h1>{ "The shop" }</h1>
            <p>{ "You are not signed in. Sign in to see what is in stock, and to order." }</p>
            <p><button id="sign-in" {onclick}>{ "Sign in" }</button></p>
        </main>
    }
}

#[derive(Properties, PartialEq)]
struct SignedInProperties {
    config: Config,
    session: Session,
}

#[component]
fn SignedIn(properties: &SignedInProperties) -> Html {
    let state = use_reducer(State::default);
    let context = Context {
        config: properties.config.clone(),
        session: properties.session.clone(),
        state: state.clone(),
    };
    {
        let (state, session) = (state.dispatcher(), context.session.clone());
        use_effect_with((), move |()| keep_current(&state, &session));
    }
    if state.notice == Some(Notice::Failed(Fault::SignedOut)) {
        session::forget();
        return html! { <SignIn config={context.config} /> };
    }
    let sign_out = |_: MouseEvent| {
        session::forget();
        browser::go("/");
    };
    let path = browser::path();
    let content = match path.strip_prefix("/orders/") {
        Some(id) => html! { <Detail id={id.to_owned()} /> },
        None => html! { <><Shelf /><Orders /></> },
    };
    html! {
        <ContextProvider<Context> {context}>
            <header>
                <p><a href="/">{ "The shop" }</a></p>
                <p>
                    { "Signed in as " }<strong id="customer">{ &properties.session.customer }</strong>
                    <button class="quiet" onclick={sign_out}>{ "Sign out" }</button>
                </p>
            </header>
            <main>
                { told(state.notice.as_ref()) }
                { content }
            </main>
        </ContextProvider<Context>>
    }
}

/// Always there, so that what appears in it is read aloud.
fn told(notice: Option<&Notice>) -> Html {
    let (class, text) = match notice {
        None => ("", String::new()),
        Some(Notice::Done(text)) => ("done", text.clone()),
        Some(Notice::Failed(fault)) => ("failed", fault.words()),
    };
    html! { <p id={NOTICE} tabindex="-1" role="status" aria-live="polite" {class}>{ text }</p> }
}

/// Follows the customer's orders and the stock, as long as the page is shown.
fn keep_current(state: &UseReducerDispatcher<State>, session: &Session) {
    let (to, by) = (state.clone(), session.clone());
    spawn_local(async move {
        loop {
            let looked = api::stock(&by).await;
            let looked = looked.map(|it| to.dispatch(Action::Stocked(it.articles)));
            if is_over(&to, &looked) {
                return;
            }
            sleep(LOOK).await;
        }
    });
    let (to, by) = (state.clone(), session.clone());
    spawn_local(async move {
        let mut last = None;
        loop {
            if last.is_none() {
                let listed = api::orders(&by).await;
                let listed = listed.map(|it| to.dispatch(Action::Listed(it.orders)));
                if is_over(&to, &listed) {
                    return;
                }
            }
            let tell = |order: wire::Order| {
                to.dispatch(Action::Changed(order));
                let (to, by) = (to.clone(), by.clone());
                spawn_local(async move {
                    if let Ok(stock) = api::stock(&by).await {
                        to.dispatch(Action::Stocked(stock.articles));
                    }
                });
            };
            let followed = api::follow(&by, &mut last, tell).await;
            if is_over(&to, &followed) {
                return;
            }
            sleep(AGAIN).await;
        }
    });
}

/// Whether nobody is signed in any more. What cannot be reached now is asked for again.
fn is_over(state: &UseReducerDispatcher<State>, ended: &Result<(), Fault>) -> bool {
    let is_over = *ended == Err(Fault::SignedOut);
    if is_over {
        state.dispatch(Action::Told(Some(Notice::Failed(Fault::SignedOut))));
    }
    is_over
}
