// Asks for the page again from time to time and puts its content in place. It keeps the focus where
// it is, leaves a form alone in which somebody has written, and can be stopped.
"use strict";
(() => {
  const body = document.body;
  const every = Number(body.dataset.refresh) * 1000;
  const asked = new URLSearchParams(location.search).has("refresh");
  if (!every || asked) return;
  const stopped = () => sessionStorage.getItem("stopped") === "yes";

  const button = document.createElement("button");
  button.type = "button";
  button.className = "pause";
  const label = () => {
    button.textContent = stopped() ? body.dataset.resume : body.dataset.pause;
  };
  button.addEventListener("click", () => {
    sessionStorage.setItem("stopped", stopped() ? "no" : "yes");
    label();
  });
  label();
  document.querySelector("footer.bottom").append(button);

  const fields = "input:not([type=hidden]), textarea, select";
  const isWrittenIn = (main) =>
    [...main.querySelectorAll(fields)].some(
      (field) => field === document.activeElement || (field.form && field.form.dataset.touched),
    );
  document.addEventListener("input", (event) => {
    if (event.target.form) event.target.form.dataset.touched = "yes";
  });

  // Where an element stands, so that the same one can be found in the new content.
  const placeOf = (element, main) => {
    const place = [];
    for (let at = element; at && at !== main; at = at.parentElement) {
      place.unshift([...at.parentElement.children].indexOf(at));
    }
    return place;
  };
  const at = (place, main) => place.reduce((from, nr) => from && from.children[nr], main);

  const refresh = async () => {
    const main = document.querySelector("main");
    if (document.hidden || stopped() || isWrittenIn(main) || String(getSelection())) return;
    const response = await fetch(location.href, { cache: "no-store" });
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("main");
    if (!fresh || isWrittenIn(main)) return;
    const focused = main.contains(document.activeElement) ? document.activeElement : null;
    const place = focused && focused !== main ? placeOf(focused, main) : null;
    const open = [...main.querySelectorAll("details")].map((details) => details.open);
    main.replaceChildren(...fresh.childNodes);
    [...main.querySelectorAll("details")].forEach((details, nr) => {
      if (nr in open) details.open = open[nr];
    });
    const again = place && at(place, main);
    if (again) again.focus({ preventScroll: true });
  };
  // What failed once is asked again the next time.
  setInterval(() => refresh().catch(() => {}), every);
})();
