/**
 * Data forms (XEP-0004), read leniently: the `type` of form and fields is ignored, since servers write `submit`, `form`
 * or nothing, and unknown fields are skipped.
 */
import type { FormField, FormFields, ResultField } from '../../conventions/command.ts';
import { attribute, child, children, type Element, escapeXml, text } from '../stream/element.ts';
import { NS } from '../stream/namespaces.ts';

/** Fields of `<x xmlns='jabber:x:data'/>`. If several have the same name, the first counts. */
export function readForm(form: Element): FormFields {
  const fields = new Map<string, string>();
  for (const field of children(form, 'field', NS.form)) {
    const name = attribute(field, 'var');
    const value = child(field, 'value', NS.form);
    const content = value ? text(value) : '';
    if (name !== undefined && content !== '' && !fields.has(name)) fields.set(name, content);
  }
  return fields;
}

/** Value of `FORM_TYPE`; undefined if it is absent. */
export function formType(fields: FormFields): string | undefined {
  return fields.get('FORM_TYPE');
}

/** Renders a form of type `form`, for a person to fill in. */
export function renderEmptyForm(title: string, fields: readonly FormField[]): string {
  const rendered = fields.map(({ name, label, isRequired, options }) => {
    const choices = (options ?? []).map((option) => `<option><value>${escapeXml(option)}</value></option>`).join('');
    const chosen = options?.length === 1 ? `<value>${escapeXml(options[0] ?? '')}</value>` : '';
    const attributes = `var='${escapeXml(name)}' type='${options ? 'list-single' : 'text-single'}' label='${escapeXml(label)}'`;
    return `<field ${attributes}>${isRequired ? '<required/>' : ''}${chosen}${choices}</field>`;
  });
  return `<x xmlns='${NS.form}' type='form'><title>${escapeXml(title)}</title>${rendered.join('')}</x>`;
}

/** Renders a form of type `result`. */
export function renderResultForm(fields: readonly ResultField[]): string {
  const rendered = fields.map(({ name, type, values }) => {
    const content = values.map((value) => `<value>${escapeXml(value)}</value>`).join('');
    return `<field var='${escapeXml(name)}' type='${type}'>${content}</field>`;
  });
  return `<x xmlns='${NS.form}' type='result'>${rendered.join('')}</x>`;
}
