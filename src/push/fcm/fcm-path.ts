/** Where messages for a project are sent, below the base URL. */
export function fcmPath(base: URL, projectId: string): string {
  return `${base.pathname.replace(/\/$/, '')}/v1/projects/${encodeURIComponent(projectId)}/messages:send`;
}
