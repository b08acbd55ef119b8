/** `<enable/>` by hand. */
export const enable = (inside: string) =>
  `<enable xmlns='urn:xmpp:push:0' jid='{component}' node='{node}'>${inside}</enable>`;
export const encrypt = (attributes: string, text = '{key}') =>
  `<encrypt xmlns='tigase:push:encrypt:0'${attributes}>${text}</encrypt>`;
export const priority = `<priority xmlns='tigase:push:priority:0'/>`;
