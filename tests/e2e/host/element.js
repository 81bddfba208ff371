// Puts the element that the address describes into this page; `policy` is for the server.
const {
  from,
  below,
  policy: _,
  ...attributes
} = Object.fromEntries(new URLSearchParams(location.search));
const element = document.createElement("orrery-exhibit");
for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
const heard = new Set();
for (const type of ["ready", "frame", "done", "error"]) {
  element.addEventListener(type, () => {
    heard.add(type);
    document.querySelector("#log").textContent = [...heard].join(" ");
  });
}
document.querySelector("#space").style.height = `${below ?? 0}px`;
document.body.append(element);
const script = document.createElement("script");
script.type = "module";
script.src = `${from}orrery-exhibit.js`;
document.head.append(script);
