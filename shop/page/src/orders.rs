//! The customer's orders, as they change.

use yew::prelude::*;

use crate::app::{Context, NOTICE};
use crate::state::Action;
use crate::wire::Order;
use crate::{api, browser};

/// Most that are listed.
const SHOWN: usize = 20;
/// Characters of an id that tell orders apart: those at its end are random.
const SHORT: usize = 6;

/// How an order is called where there is little room.
#[must_use]
pub fn short(order: &Order) -> String {
    let id = order.id();
    format!("…{}", &id[id.len().saturating_sub(SHORT)..])
}

/// A word for its state.
#[must_use]
pub fn state(order: &Order) -> &'static str {
    if order.is_open() { "open" } else { "cancelled" }
}

/// The list.
#[component]
pub fn Orders() -> Html {
    let Some(context) = use_context::<Context>() else {
        return Html::default();
    };
    let orders = context.state.orders.clone();
    html! {
        <section aria-labelledby="yours">
            <h2 id="yours">{ "Your orders" }</h2>
            if orders.as_ref().is_some_and(Vec::is_empty) {
                <p>{ "None yet." }</p>
            }
            <table id="orders">
                <thead><tr>
                    <th scope="col">{ "Order" }</th>
                    <th scope="col">{ "Content" }</th>
                    <th scope="col" class="number">{ "Total" }</th>
                    <th scope="col">{ "State" }</th>
                    <th scope="col">{ "What you can do" }</th>
                </tr></thead>
                <tbody>
                    { for orders.iter().flatten().take(SHOWN).map(|it| html! {
                        <tr key={it.name.clone()} class={state(it)}>
                            <th scope="row"><a href={format!("/{}", it.name)}>{ short(it) }</a></th>
                            <td>{ it.content() }</td>
                            <td class="number">{ it.total.clone().unwrap_or_default().shown() }</td>
                            <td>{ state(it) }</td>
                            <td><Actions order={it.clone()} /></td>
                        </tr>
                    }) }
                </tbody>
            </table>
        </section>
    }
}

/// Of which order.
#[derive(Properties, PartialEq)]
pub struct ActionsProperties {
    /// This.
    pub order: Order,
}

/// Cancel it, look at its trace.
#[component]
pub fn Actions(properties: &ActionsProperties) -> Html {
    let Some(context) = use_context::<Context>() else {
        return Html::default();
    };
    let order = &properties.order;
    let name = order.name.clone();
    let url = api::trace(order).map(|it| format!("{}/trace/{it}", context.config.traces));
    let which = short(order);
    let cancel = move |_: MouseEvent| {
        // The button goes with what it does.
        browser::focus(NOTICE);
        let (session, name) = (context.session.clone(), name.clone());
        context.act(async move {
            let cancelled = api::cancel(&session, &name).await?;
            let told = format!("Cancelled: {}.", cancelled.content());
            Ok((vec![Action::Changed(cancelled)], told))
        });
    };
    html! {
        <>
            if order.is_open() {
                <button class="quiet" onclick={cancel} aria-label={format!("Cancel {which}")}>
                    { "Cancel" }
                </button>
            }
            if let Some(url) = url {
                <a class="trace" href={url} aria-label={format!("Trace of {which}")}>{ "Trace" }</a>
            }
        </>
    }
}
