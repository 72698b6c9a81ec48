/** What Claude Code calls itself to MCP servers, and so what a session of it is called by all that attach as it. */
export const agentName = 'claude-code'
