/** The parameter by which every tool picks a mesh; it becomes the caller's mesh. */
export const meshParameter = 'mesh_slug'
