//! One order, at an address of its own.

use yew::platform::spawn_local;
use yew::prelude::*;

use crate::api;
use crate::app::Context;
use crate::browser;
use crate::orders::{Actions, state};
use crate::state::{Action, Notice};
use crate::wire::Order;

/// Which.
#[derive(Properties, PartialEq)]
pub struct DetailProperties {
    /// Its id.
    pub id: String,
}

/// What it is, or why it is not shown.
#[component]
pub fn Detail(properties: &DetailProperties) -> Html {
    let context = use_context::<Context>();
    let id = properties.id.clone();
    {
        let (context, id) = (context.clone(), id.clone());
        use_effect_with((), move |()| {
            let Some(context) = context else { return };
            spawn_local(async move {
                let action = match api::order(&context.session, &id).await {
                    Ok(order) => Action::Changed(order),
                    Err(fault) => Action::Told(Some(Notice::Failed(fault))),
                };
                context.state.dispatch(action);
            });
        });
    }
    let orders = context.and_then(|it| it.state.orders.clone());
    let order = orders.into_iter().flatten().find(|it| it.id() == id);
    html! {
        <section aria-labelledby="one">
            <h1 id="one">{ "Order" }</h1>
            { for order.iter().map(shown) }
            <p><a href="/">{ "All your orders" }</a></p>
        </section>
    }
}

fn shown(order: &Order) -> Html {
    let placed = order.create_time.as_deref().map(browser::local_time);
    html! {
        <>
            <dl>
                <dt>{ "Number" }</dt><dd>{ order.id() }</dd>
                <dt>{ "Content" }</dt><dd>{ order.content() }</dd>
                <dt>{ "Total" }</dt><dd>{ order.total.clone().unwrap_or_default().shown() }</dd>
                <dt>{ "State" }</dt><dd id="state">{ state(order) }</dd>
                <dt>{ "Placed" }</dt><dd>{ placed.unwrap_or_default() }</dd>
            </dl>
            <p><Actions order={order.clone()} /></p>
        </>
    }
}
