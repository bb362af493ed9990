/** Elements without markup: texts of others go into text nodes alone. */
export function make(name, text = '', attributes = {}) {
  const element = document.createElement(name);
  element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

export function button(text, act) {
  const element = make('button', text, { type: 'button' });
  element.addEventListener('click', async () => {
    element.disabled = true;
    try {
      await act();
    } finally {
      element.disabled = false;
    }
  });
  return element;
}

export const byId = (id) => document.querySelector(`#${id}`);
